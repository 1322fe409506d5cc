/** What happened, in the words of this display. */
import { fetched, sent } from "./api";
import { reason } from "./causes";
import { measure } from "./format";
import type { Snapshot, Unknown } from "./snapshot";
import { catalogue, say, t, type Key } from "./words";

export type Severity = "info" | "warning" | "alarm";
export const SEVERITIES: readonly Severity[] = ["alarm", "warning", "info"];
export const KINDS = ["fault", "contactor", "output", "range", "charge", "balance", "command", "data", "estimate", "system"] as const;

/** The battery in short, as an event of a contactor or an output keeps it. */
export interface Glance {
  voltage: Unknown<number>;
  current: Unknown<number>;
  soc: number;
  lowest: Unknown<number>;
  lowest_cell: Unknown<number>;
  highest: Unknown<number>;
  highest_cell: Unknown<number>;
  coldest: Unknown<number>;
  warmest: Unknown<number>;
  charge_contactor: string;
  load_contactor: string;
  outputs: number[];
}

export interface Happened {
  id: number;
  timestamp: number;
  kind: (typeof KINDS)[number];
  key: string;
  phase: "came" | "went" | "changed";
  severity: Severity;
  cell?: Unknown<number>;
  value?: Unknown<number | string>;
  limit?: Unknown<number>;
  unit: string;
  cause: string;
  acknowledged?: { timestamp: number; cause: string };
  before?: Unknown<Glance>;
  after?: Unknown<Glance>;
}

export interface Asked {
  words?: string;
  severities?: readonly string[];
  kind?: string;
  from?: number;
  to?: number;
  before?: number | undefined;
  limit?: number;
}

/** Events that match, newest first, or a sentence that says why there are none. */
export async function events(asked: Asked): Promise<{ events: Happened[]; trouble: string } | string> {
  const query = new URLSearchParams({ limit: String(asked.limit ?? 50) });
  const words = asked.words?.trim() ?? "";
  if (words) query.set("q", words.slice(0, 100));
  if (words) for (const key of named(words)) query.append("key", key);
  for (const severity of asked.severities ?? []) query.append("severity", severity);
  if (asked.kind) query.set("kind", asked.kind);
  if (asked.from !== undefined) query.set("from", asked.from.toFixed(1));
  if (asked.to !== undefined) query.set("to", asked.to.toFixed(1));
  if (asked.before !== undefined) query.set("before_id", String(asked.before));
  return fetched(`api/v1/events?${query}`);
}

/** Note that a person has seen one event; empty, or why not. */
export async function seen(id: number): Promise<string> {
  const answer = await sent("POST", `api/v1/events/${id}/acknowledge`, {});
  return typeof answer === "string" ? answer : "";
}

/** Faults whose name in this language has the words in it. */
function named(words: string): string[] {
  const sought = words.toLowerCase();
  return Object.entries(catalogue()).flatMap(([key, name]) => (key.startsWith("fault.") && name.toLowerCase().includes(sought) ? [key.slice(6)] : [])).slice(0, 40);
}

/** One line that says what it was. */
export function title(event: Happened, snapshot: Snapshot | undefined): string {
  if (event.kind === "fault") {
    const name = say(`fault.${event.key}`, t("fault.other", { id: event.key.replaceAll("_", " ") }));
    return event.phase === "went" ? t("events.went", { name }) : name;
  }
  if (event.kind === "contactor") return `${t(event.key === "charge_contactor" ? "contactor.charge" : snapshot?.common ? "contactor.main" : "contactor.load")}: ${say(`phase.${event.value}`, String(event.value ?? ""))}`;
  if (event.kind === "output") return `${output(Number(/\d+/.exec(event.key)?.[0] ?? 0), snapshot)}: ${event.value === "on" || event.value === "off" ? t(`outputs.${event.value}` as Key) : String(event.value ?? "")}`;
  if (event.kind === "command" && event.key === "output") return t("event.command_output");
  const stage = say(`stage.${String(event.value ?? "").replaceAll(" ", "_")}`, String(event.value ?? ""));
  if (event.kind === "range") return t("event.rule", { name: rule(event.cause)[0] || event.key.replace("range_", ""), stage });
  const name = say(`event.${event.key}`, event.key.replaceAll("_", " "), { stage });
  return event.phase === "went" ? t("events.went", { name }) : name;
}

/** The name of the owner's rule, and what was about it: "Water heater: state of charge 80.0 % > 80.0 %". */
function rule(cause: string): [string, string] {
  const [, name = "", why = cause] = /^(.+?): (.+)$/.exec(cause) ?? [];
  return [name, why];
}

/** An output by its name, else by its number. */
export function output(n: number, snapshot: Snapshot | undefined): string {
  return snapshot?.outputs[n - 1]?.name || t("outputs.number", { n });
}

/** Which cell, which value against which limit, and why. */
export function detail(event: Happened): string {
  const cell = event.cell != null;
  const value = event.kind === "fault" && typeof event.value === "number" ? measure(event.value, event.unit, cell) : "";
  const parts = [
    cell && value ? t("subject.cell", { n: event.cell ?? 0 }) : "",
    value,
    value && event.limit != null ? t("events.limit", { limit: measure(event.limit, event.unit, cell) }) : "",
    value ? "" : why(event.kind === "range" ? rule(event.cause)[1] : event.cause),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** "pre_charge -> closed (why)" says the states that the title has: only why is left. */
function why(cause: string): string {
  const inner = /^\w+ -> \w+ \((.*)\)$/.exec(cause)?.[1];
  return reason(inner ?? cause);
}
