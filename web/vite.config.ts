import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import de from "./src/messages/de.json" with { type: "json" };
import en from "./src/messages/en.json" with { type: "json" };
import es from "./src/messages/es.json" with { type: "json" };
import fr from "./src/messages/fr.json" with { type: "json" };

const BUDGET = 150 * 1024; // bytes, gzipped: a phone on a weak link has the page in two seconds

/** The catalogues as files of their own: the monitor's alerts speak with the same words. */
const catalogues: Plugin = {
  name: "catalogues",
  generateBundle() {
    for (const [language, sentences] of Object.entries({ de, en, es, fr })) {
      this.emitFile({ type: "asset", fileName: `messages/${language}.json`, source: JSON.stringify(sentences) });
    }
  },
};

export default defineConfig({
  plugins: [svelte(), catalogues],
  build: {
    outDir: "../src/tbms/monitor/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: BUDGET / 1024,
  },
  server: {
    proxy: { "/api": { target: "http://127.0.0.1:8480", ws: true } },
  },
});
