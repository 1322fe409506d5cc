/** Figures as people read them: fixed decimals, true minus, "–" for what is not known. */
import { prefs } from "./prefs.svelte";
import type { Unknown } from "./snapshot";
import { t } from "./words";

export const NOTHING = "–";
const FIXED = "\u00a0"; // a space at which no line breaks

const formats = new Map<string, Intl.NumberFormat>();

function format(decimals: number): Intl.NumberFormat {
  const key = `${prefs.language}${decimals}`;
  const made = formats.get(key) ?? new Intl.NumberFormat(prefs.language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: false });
  formats.set(key, made);
  return made;
}

export function number(value: Unknown<number>, decimals: number): string {
  if (value === null || value === undefined) return NOTHING;
  const text = format(decimals).format(value).replace("-", "−");
  return /[1-9]/.test(text) ? text : text.replace("−", ""); // no minus zero
}

/** A temperature in the degrees of this display, from °C. */
export function degrees<T extends Unknown<number>>(value: T): T | number {
  return prefs.degrees === "°F" && typeof value === "number" ? value * 1.8 + 32 : value;
}

export interface Measure {
  text: string;
  unit: string;
}

/** Below 1 kW in whole watts, above in kilowatts with two decimals. */
export function power(value: Unknown<number>): Measure {
  if (value === null || value === undefined) return { text: NOTHING, unit: "W" };
  return Math.abs(value) < 1000 ? { text: number(value, 0), unit: "W" } : { text: number(value / 1000, 2), unit: "kW" };
}

const DECIMALS: Record<string, number> = { A: 1, s: 2, "%": 1 };

/** A value with its unit; voltages with three decimals for a cell, two for the battery. */
export function measure(value: Unknown<number>, unit: string, cell: boolean): string {
  if (unit === "°C") return `${number(degrees(value), 1)}${FIXED}${prefs.degrees}`;
  const decimals = unit === "V" ? (cell ? 3 : 2) : (DECIMALS[unit] ?? 2);
  return unit ? `${number(value, decimals)}${FIXED}${unit}` : number(value, decimals);
}

/** A span of time in at most two units: 12 s, 5 min, 6 h 40 min, 4 days. */
export function duration(seconds: number): string {
  return span(seconds).replaceAll(" ", FIXED);
}

function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("time.seconds", { n: s });
  const minutes = Math.round(s / 60);
  if (minutes < 60) return t("time.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? t("time.hours_minutes", { h: hours, m: minutes % 60 }) : t("time.hours", { n: hours });
  return t("time.days", { n: Math.round(hours / 24) });
}

/** The clock on the wall where the page is read, from UTC seconds. */
export function clock(timestamp: number): string {
  return new Intl.DateTimeFormat(prefs.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(timestamp * 1000);
}

/** Day and time where the page is read, from UTC seconds. */
export function stamp(timestamp: number): string {
  return new Intl.DateTimeFormat(prefs.language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(timestamp * 1000);
}
