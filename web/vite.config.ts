import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const BUDGET = 150 * 1024; // bytes, gzipped: a phone on a weak link has the page in two seconds

export default defineConfig({
  plugins: [svelte()],
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
