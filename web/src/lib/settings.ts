/** Settings as the pages know them: keys with what a form needs, values in force, and what a change comes to. */
export type Value = string | number | boolean | null | unknown[] | Record<string, unknown>;

export interface Entry {
  key: string;
  kind: "number" | "whole" | "switch" | "choice" | "text" | "list";
  unit: string;
  low: number | null;
  high: number | null;
  choices: (string | number)[];
  help: string;
  permitted: string;
}

export interface Form {
  sections: Record<string, string>;
  keys: Entry[];
}

export interface InForce {
  file: string;
  version: number;
  text: string;
  settings: Record<string, unknown>;
  /** Some of them wait for the next start of the master. */
  pending: boolean;
  refused?: string[];
}

export interface Difference {
  key: string;
  before: unknown;
  after: unknown;
}

export interface Judgement {
  problems: string[];
  differences: Difference[];
  applies: "now" | "restart" | "nothing";
}

export interface Version {
  version: number;
  time: number;
  author: string;
  differences: string[];
}

/** The value of a dotted key; places in lists from 1, as in outputs[2].name. */
export function valueOf(settings: Record<string, unknown>, key: string): Value {
  let spot: unknown = settings;
  for (const part of key.split(".")) {
    const [, name = "", place] = /^(\w+)(?:\[(\d+)\])?$/.exec(part) ?? [];
    spot = (spot as Record<string, unknown> | null | undefined)?.[name];
    if (place !== undefined) spot = (spot as unknown[] | undefined)?.[Number(place) - 1];
  }
  return (spot ?? null) as Value;
}

/** What stands in a field for a value. */
export function shown(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a field's text means: null for nothing (the default), or undefined where it is not permitted. */
export function read(entry: Entry, text: string): Value | undefined {
  const said = text.trim();
  if (said === "") return null;
  if (entry.kind === "switch") return said === "true";
  if (entry.kind === "text") return said;
  if (entry.choices.some((choice) => String(choice) === said)) return entry.choices.find((choice) => String(choice) === said) ?? null;
  if (entry.kind !== "number" && entry.kind !== "whole") return undefined;
  const number = Number(said.replace(",", "."));
  if (!Number.isFinite(number) || (entry.kind === "whole" && !Number.isInteger(number))) return undefined;
  if ((entry.low !== null && number < entry.low) || (entry.high !== null && number > entry.high)) return undefined;
  return number;
}
