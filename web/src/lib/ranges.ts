/** The owner's rules: as the settings hold them, and what can be said of each measure. */
import { duration } from "./format";
import { t, type Key } from "./words";

export interface Condition {
  measure: string;
  of?: string | number | null;
  start?: string | number | null;
  stop?: string | number | null;
  delay?: number;
  stop_delay?: number;
  quiet_start?: number | "off" | null;
  quiet_stop?: number | null;
  [more: string]: unknown;
}

export interface Rule {
  name: string;
  when: Condition[];
  join: "all" | "any";
  outputs: number[];
  alarm: "none" | "warning" | "alarm";
  warm_outputs?: number[];
  inhibit?: number[];
  profile?: string | null;
  minimum_on?: number;
  minimum_off?: number;
  maximum_on?: number | null;
  warm_up?: number;
  cool_down?: number;
  exercise_days?: number | null;
  exercise_time?: number;
  unknown?: "off" | "hold" | "on";
  [more: string]: unknown;
}

export interface DryRun {
  starts: number;
  hours: number;
  spans: [number, number][];
  covered_hours: number;
}

interface Kind {
  unit: string;
  /** Which of several: a word, or a number up to `count`. */
  of?: readonly string[];
  count?: number;
  kind: "number" | "switch" | "level" | "state" | "time";
}

export const PROFILES = ["normal", "cycle", "store", "away", "ready", "balance"] as const;
const SPREAD = ["lowest", "highest", "average", "spread"] as const;
const CHARGERS = ["solar", "alternator", "shore"] as const;
export const STATES = ["off", "bulk", "absorption", "float"] as const;

export const KINDS: Record<string, Kind> = {
  soc: { unit: "%", kind: "number" },
  cell_voltage: { unit: "V", of: SPREAD, kind: "number" },
  pack_voltage: { unit: "V", kind: "number" },
  current: { unit: "A", kind: "number" },
  power: { unit: "W", kind: "number" },
  temperature: { unit: "°C", of: SPREAD, kind: "number" },
  soh: { unit: "%", kind: "number" },
  resistance: { unit: "Ω", of: SPREAD, kind: "number" },
  solar_power: { unit: "W", kind: "number" },
  board_temperature: { unit: "°C", kind: "number" },
  supply: { unit: "V", kind: "number" },
  input: { unit: "", count: 4, kind: "switch" },
  output: { unit: "", count: 6, kind: "switch" },
  charger_state: { unit: "", of: CHARGERS, kind: "state" },
  alarm: { unit: "", kind: "level" },
  time_of_day: { unit: "", kind: "time" },
};

/** A fraction is shown as percent. */
export function scale(measure: string): number {
  return KINDS[measure]?.unit === "%" ? 100 : 1;
}

const shown = (condition: Condition, value: unknown): string =>
  typeof value === "number" ? `${Number((value * scale(condition.measure)).toFixed(4))}\u00a0${KINDS[condition.measure]?.unit ?? ""}`.trim() : String(value ?? "–");

/** "lowest cell below 3.2 V, until 3.3 V (in quiet hours below 3.1 V)" */
export function sentence(condition: Condition): string {
  const { quiet_start: quiet, quiet_stop: end } = condition;
  const never = quiet === "off" ? t("ranges.says_quiet_off") : "";
  const other = { ...condition, start: quiet ?? condition.start ?? null, stop: end ?? condition.stop ?? null };
  const differs = !never && ((quiet ?? end) ?? null) !== null;
  return [plain(condition), never || (differs && t("ranges.says_quiet", { rule: plain(other) }))].filter(Boolean).join(", ");
}

function plain(condition: Condition): string {
  const kind = KINDS[condition.measure];
  const of = typeof condition.of === "number" ? ` ${condition.of}` : condition.of ? ` (${t(`ranges.${condition.of}` as Key)})` : "";
  const what = `${t(`ranges.${condition.measure}` as Key)}${of}`;
  if (kind?.kind === "time") return t("ranges.says_time", { start: shown(condition, condition.start), stop: shown(condition, condition.stop) });
  if (kind?.kind === "switch") return t("ranges.says_switch", { what, state: t(condition.start === "off" ? "outputs.off" : "outputs.on") });
  if (kind?.kind === "state") return t("ranges.says_switch", { what, state: t(`charger.${condition.start}` as Key) });
  if (kind?.kind === "level") return t("ranges.says_level", { level: t(`ring.${condition.start}` as Key) });
  const above = Number(condition.start) > Number(condition.stop);
  return t(above ? "ranges.says_above" : "ranges.says_below", { what, start: shown(condition, condition.start), stop: shown(condition, condition.stop) });
}

/** What the rule does beside its outputs, a part of a sentence each. */
export function extras(rule: Rule, named: (outputs: number[]) => string): string[] {
  const time = (key: "minimum_on" | "maximum_on" | "minimum_off"): string | false => Boolean(rule[key]) && t(`ranges.says_${key}`, { time: duration(rule[key] ?? 0) });
  const warmed = rule.warm_outputs?.length ? named(rule.warm_outputs) : "";
  return [
    warmed && t("ranges.says_warm", { outputs: warmed, up: duration(rule.warm_up ?? 0), down: duration(rule.cool_down ?? 0) }),
    Boolean(rule.inhibit?.length) && t("ranges.says_inhibit", { outputs: named(rule.inhibit ?? []) }),
    Boolean(rule.profile) && t("ranges.says_profile", { profile: t(`profile.${rule.profile}` as Key) }),
    time("minimum_on"),
    time("maximum_on"),
    time("minimum_off"),
    Boolean(rule.exercise_days) && t("ranges.says_exercise", { days: rule.exercise_days ?? 0, time: duration(rule.exercise_time ?? 900) }),
    rule.unknown === "hold" && t("ranges.says_unknown_hold"),
    rule.unknown === "on" && t("ranges.says_unknown_on"),
  ].filter((part): part is string => Boolean(part));
}

/** A new rule: something that makes sense at once. */
export function fresh(name: string, output: number): Rule {
  return { name, when: [{ measure: "soc", start: 0.8, stop: 0.5, delay: 60 }], join: "all", outputs: [output], alarm: "none" };
}

/** Only what differs from the defaults, as the file shall hold it. */
export function lean(rule: Rule): Rule {
  const kept = (entry: [string, unknown]): boolean => {
    const [key, value] = entry;
    if (value === null || value === undefined || (Array.isArray(value) && !value.length)) return false;
    return !(key in DEFAULTS && JSON.stringify(DEFAULTS[key]) === JSON.stringify(value));
  };
  const when = rule.when.map((condition) => Object.fromEntries(Object.entries(condition).filter(kept)));
  return { ...Object.fromEntries(Object.entries(rule).filter(kept)), name: rule.name, when } as Rule;
}

const DEFAULTS: Record<string, unknown> = {
  join: "all", alarm: "none", minimum_on: 0, minimum_off: 0, warm_up: 0, cool_down: 0, exercise_time: 900, unknown: "off", delay: 5, stop_delay: 5,
};
