/** The master gives causes in short English; what has a fixed form is put into the language of this display. */
import { prefs } from "./prefs.svelte";
import { say, t, type Key } from "./words";

/** "cell 3 3.66 V > 3.65 V for 1.0 s": place, words, figures, how long; each part may be absent. */
const FORM = /^(?:(cell|node) (\d+) ?)?(.*?) ?((?:[-−]?[\d.]+ \S+ [<>] [-−]?[\d.]+ \S+)?)(?: for ([\d.]+) s)?$/;
const NAMED = /^(set by|stopped by|closed by|released by|acknowledged by) (.+)$/;

const PATTERNS: readonly [RegExp, Key][] = [
  [/^bus within ([\d.]+) V of the pack$/, "cause.bus_within"],
  [/^waiting for (\d+) full, valid sets of measurements$/, "cause.waiting_for_sets"],
];

export function reason(cause: string): string {
  const named = NAMED.exec(cause);
  const known = phrase(cause);
  if (known !== cause) return known;
  for (const [form, key] of PATTERNS) {
    const found = form.exec(cause);
    if (found?.[1]) return t(key, { n: local(found[1]) });
  }
  if (named?.[1] && named[2]) return `${phrase(named[1])} ${named[2]}`;
  const [, place, n = "", words = "", figures, seconds] = FORM.exec(cause) ?? [];
  const parts = [place ? t(`subject.${place}` as Key, { n }) : "", phrase(words), local(figures ?? ""), seconds ? t("cause.for", { time: local(seconds) }) : ""];
  return local(parts.filter(Boolean).join(" ") || cause);
}

function phrase(words: string): string {
  const key = words.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  return key ? say(`cause.${key}`, words) : words;
}

function local(figures: string): string {
  const signed = figures.replace(/(^|\s)-(?=\d)/g, "$1−").replace(/(\d\.\d\d)\d+ s\b/g, "$1 s");
  return prefs.language === "en" ? signed : signed.replace(/(\d)\.(\d)/g, "$1,$2");
}
