/** A fault in sentences: what it is, how far, how long, what TBMS did, what to do. */
import { reason } from "./causes";
import { duration, measure } from "./format";
import type { Contactor, Fault, Snapshot } from "./snapshot";
import { say, t, type Key } from "./words";

export type Severity = "warning" | "alarm";
export type Side = "charge" | "discharge" | "both" | "none";

export interface Told {
  key: string;
  severity: Severity;
  name: string;
  what: string;
  short: string;
  did: string;
  todo: string;
  since: number;
}

const DEPTH = { cut: 0, limit: 1, warn: 2 };

/** Which way of the current a protection stops; what is not listed shows in the permissions. */
const SIDE: Record<string, Side> = {
  cell_overvoltage: "charge",
  pack_overvoltage: "charge",
  overcurrent_charge: "charge",
  overcurrent_charge_peak: "charge",
  overtemperature_charge: "charge",
  undertemperature_charge: "charge",
  cell_undervoltage: "discharge",
  pack_undervoltage: "discharge",
  overcurrent_discharge: "discharge",
  overcurrent_discharge_peak: "discharge",
  cell_damaged: "both",
  overtemperature_discharge: "both",
  undertemperature_discharge: "discharge",
  emergency_stop: "both",
  sample_age: "both",
  node_lost: "both",
  unguarded_temperature: "both",
  sample_gap: "both",
  clock_jump: "both",
  invalid_voltage: "charge",
  invalid_temperature: "charge",
  unguarded_charge: "charge",
  unguarded_time: "discharge",
  unguarded_voltage: "discharge",
  pre_charge: "discharge",
  invalid_current: "none",
};

/** All faults, the most serious first, the oldest first among equals. */
export function told(snapshot: Snapshot): Told[] {
  const sorted = [...snapshot.faults].sort((a, b) => DEPTH[a.ring] - DEPTH[b.ring] || a.since - b.since);
  const all = sorted.map((fault) => tell(magnitude(fault), snapshot));
  return all.some((one) => one.severity === "alarm") ? all : [...locked(snapshot), ...all];
}

/** A battery that a person has stopped: no fault, but somebody must know how to close it again. */
function locked(snapshot: Snapshot): Told[] {
  const { load_contactor: load, charge_contactor: charge } = snapshot;
  const contactor = load.phase === "latched" ? load : charge.phase === "latched" ? charge : undefined;
  if (!contactor) return [];
  const name = t("locked.name");
  return [{
    key: "locked",
    severity: "warning",
    name,
    what: `${reason(contactor.cause)}.`,
    short: `${name}: ${reason(contactor.cause)}`,
    did: "",
    todo: t("locked.todo"),
    since: snapshot.timestamp - (snapshot.time - (contactor.since ?? snapshot.time)),
  }];
}

/** Discharge currents are judged as negative figures; people compare magnitudes. */
function magnitude(fault: Fault): Fault {
  if (fault.unit !== "A" || fault.value == null || fault.limit == null) return fault;
  return { ...fault, value: Math.abs(fault.value), limit: Math.abs(fault.limit) };
}

function tell(fault: Fault, snapshot: Snapshot): Told {
  const name = say(`fault.${fault.id}`, t("fault.other", { id: fault.id.replaceAll("_", " ") }));
  const held = duration(Math.max(1, snapshot.time - fault.since));
  return {
    key: `${fault.id}/${fault.ring}/${fault.cell ?? ""}/${fault.node ?? ""}`,
    severity: fault.ring === "cut" ? "alarm" : "warning",
    name,
    what: sentence(fault) ? t("told.since", { what: sentence(fault), time: held }) : t("told.only_since", { time: held }),
    short: fault.value == null ? name : figures(fault, ">", "<"),
    did: did(fault, snapshot),
    todo: say(`todo.${fault.id}`, t("todo.other")),
    since: snapshot.timestamp - (snapshot.time - fault.since),
  };
}

function subject(fault: Fault): string {
  if (fault.cell) return t("subject.cell", { n: fault.cell });
  if (fault.node) return t("subject.node", { n: fault.node });
  if (fault.unit === "A") return t(fault.id.includes("discharge") ? "subject.discharge_current" : "subject.charge_current");
  return t("subject.battery");
}

function sentence(fault: Fault): string {
  const cell = Boolean(fault.cell);
  if (fault.value === null || fault.value === undefined) return fault.cell || fault.node ? subject(fault) : "";
  const value = measure(fault.value, fault.unit, cell);
  if (fault.limit === null || fault.limit === undefined) return t("told.value", { subject: subject(fault), value });
  const key: Key = above(fault) ? "told.above" : "told.below";
  return t(key, { subject: subject(fault), value, limit: measure(fault.limit, fault.unit, cell) });
}

function figures(fault: Fault, more: string, less: string): string {
  const cell = Boolean(fault.cell);
  const value = measure(fault.value, fault.unit, cell);
  if (fault.limit === null || fault.limit === undefined) return `${subject(fault)} ${value}`;
  return `${subject(fault)} ${value} ${above(fault) ? more : less} ${measure(fault.limit, fault.unit, cell)}`;
}

/** Which side of the limit: by the protection's name, since the value may have moved back meanwhile. */
function above(fault: Fault): boolean {
  if (/under/.test(fault.id)) return false;
  if (/over|age|gap|spread/.test(fault.id)) return true;
  return (fault.value ?? 0) >= (fault.limit ?? 0);
}

function did(fault: Fault, snapshot: Snapshot): string {
  const side = SIDE[fault.id] ?? byPermission(snapshot);
  let done: string;
  if (fault.ring === "warn" || side === "none") done = t("did.nothing");
  else if (fault.ring === "limit") done = t(side === "charge" ? "did.asked_chargers" : "did.asked_loads");
  else done = t(`did.${side}_${isOpen(side, snapshot) ? "open" : "closed"}${snapshot.common ? "_main" : ""}` as Key);
  return fault.latched ? `${done} ${t("did.latched")}` : done;
}

function byPermission(snapshot: Snapshot): Side {
  if (!snapshot.may_charge && !snapshot.may_discharge) return "both";
  if (!snapshot.may_charge) return "charge";
  return snapshot.may_discharge ? "none" : "discharge";
}

function isOpen(side: Side, snapshot: Snapshot): boolean {
  const parted = (contactor: Contactor): boolean => contactor.phase === "open" || contactor.phase === "latched";
  const charge = side === "discharge" || parted(snapshot.charge_contactor);
  return charge && (side === "charge" || parted(snapshot.load_contactor));
}
