/** Recorded curves, as the monitor gives them for a stretch of time. */
import { fetched } from "./api";
import { degrees, measure, number } from "./format";
import { prefs } from "./prefs.svelte";
import { t, type Key } from "./words";

export interface Curve {
  unit: string;
  low: (number | null)[];
  mean: (number | null)[];
  high: (number | null)[];
}

export interface View {
  times: number[];
  curves: Record<string, Curve>;
  troubles: string[];
}

/** A line of a chart. scale: what shares an axis. token: its colour. thin: one of many alike. */
export interface Line extends Curve {
  name: string;
  label: string;
  scale: string;
  token: string;
  digits: number;
  thin: boolean;
  /** Of the earlier time that this one is compared with: dashed, without its band. */
  past?: boolean;
}

export interface Mark {
  time: number;
  severity: string;
}

export const CHOICES = ["soc", "power", "current", "voltage", "cells", "temperatures"] as const;
export type Choice = (typeof CHOICES)[number];

const TOKENS: Record<Choice, string> = { soc: "info", power: "sun", current: "use", voltage: "good", cells: "info", temperatures: "warning" };
const DIGITS: Record<string, number> = { "%": 1, W: 0, A: 1, V: 2, "V ": 3, "°C": 1, "°F": 1 };

/** The stored channels of a choice. */
export function channels(choices: readonly Choice[], cells: number): string[] {
  const numbers = Array.from({ length: cells }, (_, index) => index + 1);
  return choices.flatMap((choice) => (choice === "cells" ? numbers.map((n) => `v${n}`) : choice === "temperatures" ? numbers.map((n) => `t${n}`) : [choice]));
}

/** Curves from start to end (UTC, s) in so many columns; a sentence where it cannot be. An empty history has no curves. */
export async function view(start: number, end: number, names: string[], points: number): Promise<View | string> {
  const asked = new URLSearchParams({ from: start.toFixed(1), to: end.toFixed(1), channels: names.join(","), points: String(Math.round(points)) });
  const found = await fetched<View>(`api/v1/history?${asked}`);
  if (typeof found === "string" && /history is empty/i.test(found)) return { times: [], curves: {}, troubles: [] };
  return found;
}

/** What a chart draws of a channel: charge in percent, cell voltages on an axis of their own. */
export function line(name: string, curve: Curve): Line {
  const cell = /^([vt])(\d+)$/.exec(name);
  const own = curve.unit === "°C" ? prefs.degrees : curve.unit;
  const scale = name === "soc" ? "%" : cell?.[1] === "v" ? "V " : own;
  const choice: Choice = cell ? (cell[1] === "v" ? "cells" : "temperatures") : (name as Choice);
  const label = cell?.[2] ? t(cell[1] === "v" ? "curve.cell_voltage" : "curve.cell_temperature", { n: cell[2] }) : t(`curve.${name}` as Key);
  const scaled = name === "soc" ? each(curve, (value) => value * 100) : own === "°F" ? each(curve, degrees) : curve;
  return { ...scaled, unit: scale.trim(), name, label, scale, token: TOKENS[choice], digits: DIGITS[scale] ?? 2, thin: cell !== null };
}

function each(curve: Curve, change: (value: number) => number): Curve {
  const changed = (values: (number | null)[]): (number | null)[] => values.map((value) => (value === null ? null : change(value)));
  return { unit: curve.unit, low: changed(curve.low), mean: changed(curve.mean), high: changed(curve.high) };
}

/** The curves of an earlier stretch of the same length, laid over this one. */
export function earlier(found: View): Line[] {
  const lines = known(found) ? Object.entries(found.curves).map(([name, curve]) => line(name, curve)) : [];
  return lines.filter((one) => !one.thin).map((one) => ({ ...one, label: t("history.past", { name: one.label }), past: true }));
}

export function said(value: number | null | undefined, of: Line): string {
  return of.scale === "V " ? measure(value, "V", true) : `${number(value, of.digits)}\u00a0${of.unit}`;
}

/** Least, mean and greatest of what is known; undefined where nothing is. */
export function summary(of: Line): { low: number; mean: number; high: number } | undefined {
  let [low, high, sum, count] = [Infinity, -Infinity, 0, 0];
  of.mean.forEach((value, index) => {
    if (value === null) return;
    low = Math.min(low, of.low[index] ?? value);
    high = Math.max(high, of.high[index] ?? value);
    sum += value;
    count += 1;
  });
  return count ? { low, mean: sum / count, high } : undefined;
}

export function known(views: View): boolean {
  return Object.values(views.curves).some((curve) => curve.mean.some((value) => value !== null));
}
