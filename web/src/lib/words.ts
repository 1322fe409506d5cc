/** Every sentence of the pages, in the language of this display. */
import de from "../messages/de.json";
import en from "../messages/en.json";
import es from "../messages/es.json";
import fr from "../messages/fr.json";
import { prefs, type Language } from "./prefs.svelte";

export type Key = keyof typeof en;
export type Params = Record<string, string | number>;

const CATALOGUES: Record<Language, Record<Key, string>> = { en, fr, de, es };

/** All sentences in the language of this display. */
export function catalogue(): Record<string, string> {
  return CATALOGUES[prefs.language];
}

export function has(key: string): key is Key {
  return key in en;
}

/** The sentence of `key`, with {name} replaced by its parameter. */
export function t(key: Key, params: Params = {}): string {
  return CATALOGUES[prefs.language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A key made at run time: its sentence, or `otherwise` where the catalogue has none. */
export function say(key: string, otherwise: string, params: Params = {}): string {
  return has(key) ? t(key, params) : otherwise;
}
