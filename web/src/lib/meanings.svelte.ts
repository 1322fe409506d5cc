/** What settings are called and mean, in the language of this display: fetched when it is needed, English until then. */
import type { Language } from "./prefs.svelte";
import { local } from "./causes";
import { say } from "./words";

interface Catalogue {
  /** By key, protections without their name (`protect.cut`), and by section. */
  titles: Record<string, string>;
  /** By the English text of the schema: one that changes there is English here until it is translated anew. */
  texts: Record<string, string>;
  /** Words of the settings file, and of the sentence that says what is permitted. */
  words: Record<string, string>;
  /** Why a value is refused: form of the English sentence, and the same with its parts. */
  refusals: Record<string, string>;
}

const FOREIGN: Partial<Record<Language, () => Promise<{ default: Catalogue }>>> = {
  de: () => import("../messages/settings/de.json"),
  es: () => import("../messages/settings/es.json"),
  fr: () => import("../messages/settings/fr.json"),
};
const PLACE = /\[\d+\]/g;
/** 'protect.a.cut = 3.5 V: must be above ... (boat.toml line 7)': key, value, why, where. */
const REFUSAL = /^([a-z_]+[\w.[\]]*?)(?:( = .*?): |: | (?=is missing: ))(.+?)( \([^()]*(?:line \d+|--set|\.toml)\))?$/;
const KEY = /\b(?:protect|charge|pack|sensors|contactors|balance|sleep|outputs|ranges)[.[][\w.[\]]*\w/g;
const PHRASES = /"[^"]*"|\b(?:a whole number|more than|a number|text|to|or|true|false)\b/g;

const spaced = (words: string): string => words.replaceAll("_", " ");

class Meanings {
  #catalogue: Catalogue | undefined = $state.raw();
  /** The language that the texts are in. */
  language: Language = $state("en");

  /** Fetch the texts of a language; where that fails they stay English. */
  async load(language: Language): Promise<void> {
    const found = await FOREIGN[language]?.().catch(() => undefined);
    this.#catalogue = found?.default;
    this.language = found ? language : "en";
  }

  /** What a key is called: `outputs[2].name`, `protect.cell_overvoltage.cut`. */
  title(name: string): string {
    const key = name.replace(PLACE, "[]").replace(/^protect\.\w+\./, "protect.");
    return this.#catalogue?.titles[key] ?? spaced(key.split(".").pop() ?? key);
  }

  /** What a group of keys is called: `protect.cell_overvoltage`, `outputs[2]`, `pack`. */
  group(name: string): string {
    const [, fault] = /^protect\.(\w+)$/.exec(name) ?? [];
    if (fault) return say(`fault.${fault}`, spaced(fault));
    const [, section = name, place] = /^(\w+)\[(\d+)\]$/.exec(name) ?? [];
    return [this.#catalogue?.titles[section] ?? spaced(section), place].filter(Boolean).join(" ");
  }

  /** A key with its group, as it is told away from the form. */
  full(name: string): string {
    const group = name.split(".").slice(0, -1).join(".");
    return (group ? `${this.group(group)} · ` : "") + this.title(name);
  }

  /** A text of the schema. */
  text(english: string): string {
    return this.#catalogue?.texts[english] ?? english;
  }

  /** A word that a setting may have as its value, with the word of the file. */
  choice(word: string): string {
    const own = this.#catalogue?.words[word];
    return own === undefined ? word : own === word || word === "true" || word === "false" ? own : `${own} (${word})`;
  }

  /** Why a change is refused, as the master says it in English; whatever is not known stays so. */
  refusal(english: string): string {
    const [, key, value = "", why = "", where = ""] = REFUSAL.exec(english) ?? [];
    const parts = why.split(/(?<=^is missing): |(?<=, which) /).map((part) => this.#refused(part));
    if (!key || parts.includes(undefined)) return english;
    const said = parts.join(" ").replace(KEY, (name) => this.full(name));
    return `${this.full(key)}${local(value)}: ${local(said)}${where}`;
  }

  #refused(why: string): string | undefined {
    for (const [form, said] of Object.entries(this.#catalogue?.refusals ?? {})) {
      const found = new RegExp(form).exec(why);
      if (found) return said.replace(/\$(\d)/g, (_, n: string) => this.#part(found[Number(n)] ?? ""));
    }
    return undefined;
  }

  /** A part of a refusal: a ring or layer by its name, or what is permitted. */
  #part(english: string): string {
    return this.#catalogue?.titles[`protect.${english}`] ?? this.permitted(english);
  }

  /** What is permitted: '0.5 to 5 V or "off"'. */
  permitted(english: string): string {
    return english.replace(PHRASES, (phrase) => this.#catalogue?.words[phrase] ?? phrase);
  }
}

export const meanings = new Meanings();
