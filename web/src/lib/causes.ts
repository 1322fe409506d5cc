/** The master gives causes in short English; what has a fixed form is put into the language of this display. */
import { prefs } from "./prefs.svelte";
import { say, t, type Key } from "./words";

/** "cell 3 3.66 V > 3.65 V for 1.0 s": place, words, figures, how long; each part may be absent. */
const FORM = /^(?:(cell|node|input|output) (\d+) ?)?(.*?) ?((?:[-−]?[\d.]+ \S+ [<>≤≥] [-−]?[\d.]+ \S+)?)(?: for ([\d.]+) s)?$/;
const NAMED = /^(set by|stopped by|closed by|released by|acknowledged by) (.+)$/;

const NOBODY = /^(somebody|a person|this computer)$/;

/** Sentences with something in them. Parts: why is a cause itself, who and place
    tell of a person, profile is a word; all others are figures. */
const PATTERNS: readonly [Key, RegExp][] = [
  ["why.sleeps", /^Everything sleeps and both contactors are open: (?<why>.+) with the loads cut off for (?<n>[\d.]+) min; a charger, the reset button or (?<h>[\d.]+) h wake it$/],
  ["why.charger", /^(?<why>.+); waiting for the charger to stop$/],
  ["why.fuse", /^(?<why>.+); (?<n>[\d.]+) A is more than it can break: waiting for the fuse$/],
  ["why.not_yet", /^not yet: (?<why>.+)$/],
  ["why.pre_charge", /^pre-charge failed: (?<why>.+) after (?<n>[\d.]+) s; is a load switched on\?$/],
  ["why.bus_below", /^bus (?<n>-?[\d.]+) V below the pack$/],
  ["why.store", /^the store that opens the contactors has (?<n>[\d.]+) V of (?<m>[\d.]+) V$/],
  ["why.bus_above", /^charge bus (?<n>[\d.]+) V above the pack$/],
  ["cause.bus_within", /^bus within (?<n>[\d.]+) V of the pack$/],
  ["cause.waiting_for_sets", /^waiting for (?<n>\d+) full, valid sets of measurements$/],
  ["why.cleared", /^(?<why>.+): cleared by (?<who>.+)$/],
  ["why.well", /^(?<why>.+): well for (?<n>[\d.]+) s$/],
  ["why.warm_up", /^(?<why>.+) \(warm up\)$/],
  ["why.cool_down", /^(?<why>.+) \(cool down\)$/],
  ["why.exercise", /^exercise: no run for (?<n>[\d.]+) days$/],
  ["why.longest", /^ran for (?<n>[\d.]+) s, the longest allowed$/],
  ["why.rests_full", /^profile (?<profile>\w+): full, rests until (?<low>\d+) %$/],
  ["why.rests", /^profile (?<profile>\w+): (?<n>\d+) % reached, rests until (?<low>\d+) %$/],
  ["why.charges", /^profile (?<profile>\w+): charging again$/],
  ["why.absorption", /^highest cell at (?<n>[\d.]+) V$/],
  ["why.full", /^full: current at most (?<n>[\d.]+) A for (?<s>[\d.]+) s$/],
  ["why.absorbed", /^absorption lasted (?<n>[\d.]+) s$/],
  ["why.soc", /^the voltage says (?<n>\d+) %, counting said (?<m>\d+) %$/],
  ["why.capacity", /^measured between two proofs by voltage: (?<n>\S+) Ah, one standard deviation (?<s>\S+) Ah$/],
  ["why.own_curve", /^learned between full and empty: up to (?<n>\d+) mV from the shipped curve$/],
  ["why.holds", /^holds less than the others: it is empty (?<n>\d+) % before them$/],
  ["why.stands", /^stands lower than the others: it is empty (?<n>\d+) % before them$/],
  ["why.small", /^holds (?<n>\d+) % less than the others$/],
  ["why.resists", /^shows (?<n>-?\d+) % more ohmic resistance than the others: (?<why>.+)$/],
  ["why.grown", /^shows (?<n>-?\d+) % more ohmic resistance than it used to, measured against the others: (?<why>.+)$/],
  ["why.leaks", /^loses (?<n>[\d.]+) % a day by itself, more than the others$/],
  ["why.wakes", /^awake: input (?<n>\d+) is on$/],
  ["why.apart", /^cell (?<a>\d+) (?<u>[\d.]+) V, cell (?<b>\d+) (?<v>[\d.]+) V: (?<n>\d+) mV apart$/],
  ["why.output_for", /^output (?<n>\d+) (?<why>on|off) for (?<s>\d+) s$/],
  ["why.from", /^(?<who>[^:]+) from (?<place>this computer|[\w.:]+)$/],
  ["why.quiet", /^(?<why>[^:]+): not in quiet hours$/],
  ["why.unknown", /^(?<why>(?:[a-z]+ ){1,3}\d*) ?unknown$/],
];

export function reason(cause: string): string {
  const known = phrase(cause);
  if (known !== cause) return known;
  const [, done, who] = NAMED.exec(cause) ?? [];
  if (done && who) return `${phrase(done)} ${person(who)}`;
  for (const [key, form] of PATTERNS) {
    const found = form.exec(cause)?.groups;
    if (found) return t(key, Object.fromEntries(Object.entries(found).map(([name, part]) => [name, spoken(name, part)])));
  }
  if (cause.includes("; ")) return cause.split("; ").map(reason).join("; ");
  return joined(cause) ?? placed(cause) ?? prefixed(cause) ?? formed(cause);
}

/** Who did it, and from where; names are nobody's to translate. */
export function person(who: string): string {
  return NOBODY.test(who) || / from \S/.test(who) ? reason(who) : who;
}

function spoken(name: string, part: string): string {
  if (name === "profile") return say(`profile.${part}`, part);
  if (name === "who" || name === "place") return NOBODY.test(part) ? phrase(part) : part;
  return name === "why" ? reason(part.trim()) : local(part);
}

/** Conditions of a rule, which "and" joins. */
function joined(cause: string): string | undefined {
  const parts = cause.split(" and ");
  if (parts.length < 2) return undefined;
  const said = parts.map(reason);
  return said.every((part, n) => part !== local(parts[n] ?? "")) ? said.join(` ${t("ranges.and")} `) : undefined;
}

/** A cell or a node, and a sentence about it. */
function placed(cause: string): string | undefined {
  const [, place, n = "", rest] = /^(cell|node) (\d+) ([a-z].+)$/.exec(cause) ?? [];
  return rest ? `${t(`subject.${place}` as Key, { n })} ${reason(rest)}` : undefined;
}

/** A name that its owner or a person has, and what was about it. */
function prefixed(cause: string): string | undefined {
  const [, name, rest] = /^(.+?): (.+)$/.exec(cause) ?? [];
  return name && rest ? `${person(name)}: ${reason(rest)}` : undefined;
}

function formed(cause: string): string {
  const [, place, n = "", words = "", figures, seconds] = FORM.exec(cause) ?? [];
  const parts = [place ? t(`subject.${place}` as Key, { n }) : "", phrase(words), local(figures ?? ""), seconds ? t("cause.for", { time: local(seconds) }) : ""];
  return local(parts.filter(Boolean).join(" ") || cause);
}

function phrase(words: string): string {
  const key = words.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  return key ? say(`cause.${key}`, words) : words;
}

/** Figures as this display's language writes them. */
export function local(figures: string): string {
  const signed = figures.replace(/(^|\s)-(?=\d)/g, "$1−").replace(/(\d\.\d\d)\d+ s\b/g, "$1 s");
  return prefs.language === "en" ? signed : signed.replace(/(\d)\.(\d)/g, "$1,$2");
}
