/** The state as the API gives it (docs/api.md). A member that is missing or null is unknown. */
export type Unknown<T> = T | null | undefined;
export type Ring = "warn" | "limit" | "cut";
export type Activity = "charging" | "discharging" | "resting" | "disconnected" | "unknown";
export type Phase = "open" | "pre_charge" | "closed" | "opening" | "latched";

export interface Cell {
  voltage?: Unknown<number>;
  temperature?: Unknown<number>;
  age?: Unknown<number>;
  ring?: Unknown<Ring>;
}

export interface Contactor {
  phase: Phase;
  feedback?: Unknown<boolean>;
  cause: string;
  since?: Unknown<number>;
}

export interface Output {
  name: string;
  role: string;
  on: boolean;
  feedback?: Unknown<boolean>;
  cause: string;
  override: boolean;
}

export interface Fault {
  id: string;
  ring: Ring;
  cell?: Unknown<number>;
  node?: Unknown<number>;
  value?: Unknown<number>;
  limit?: Unknown<number>;
  unit: string;
  since: number;
  latched: boolean;
}

export interface Node {
  address: number;
  online: boolean;
  age?: Unknown<number>;
  temperature_age?: Unknown<number>;
  charge_loop?: Unknown<boolean>;
  discharge_loop?: Unknown<boolean>;
  guard: string[];
  board_temperature?: Unknown<number>;
  supply?: Unknown<number>;
  timeouts: number;
  corrupt: number;
  stale: number;
  refused: number;
  firmware?: Unknown<string>;
  limits_agree?: Unknown<boolean>;
}

/** What a charger tells of itself. */
export interface Source {
  name: string;
  kind: "solar" | "alternator" | "shore";
  age?: Unknown<number>;
  power?: Unknown<number>;
  state?: Unknown<"off" | "bulk" | "absorption" | "float">;
}

const RECENT = 0.5; // s: a node that missed one cycle is not silent yet; the master cuts off at this age

export function silent(node: Node): boolean {
  return !node.online && (node.age ?? Infinity) > RECENT;
}

export interface Loop {
  period: number;
  cycles: number;
  lost: number;
  jitter_p99?: Unknown<number>;
  busy?: Unknown<number>;
  worst?: Unknown<number>;
}

/** One of the owner's ranges. */
export interface Range {
  name: string;
  stage: string;
  alarm: string;
  since?: Unknown<number>;
  cause: string;
}

/** What chargers and loads are told. */
export interface Charging {
  cvl: number;
  ccl: number;
  dcl: number;
  stage: string;
  full: boolean;
  empty: boolean;
  profile: string;
  resting: string;
}

export interface Balancing {
  on: boolean;
  donors: number[];
  receiver?: Unknown<number>;
  time: number[];
  charge: number[];
  cause: string;
}

export interface ControlPanel {
  led: string;
  buzzer: string;
  button?: Unknown<boolean>;
  /** Time left of limping home, s. */
  limp_home?: Unknown<number>;
  emergency_stop?: Unknown<boolean>;
}

/** What is known of the battery's health; one value a cell in the lists. */
export interface Health {
  capacity?: Unknown<number>;
  capacity_sigma?: Unknown<number>;
  soh?: Unknown<number>;
  cycles: number;
  resistance: Unknown<number>[];
  slow: Unknown<number>[];
  steps: number[];
  weak: number[];
  joints: number[];
  leaks: number[];
}

/** What the battery has gone through, over all restarts. */
export interface Counters {
  charge_in: number;
  charge_out: number;
  energy_in: number;
  energy_out: number;
  time: number;
  charge_closings: number;
  load_closings: number;
  warn: number;
  limit: number;
  cut: number;
  own_closed: Unknown<number>;
  own_open: Unknown<number>;
  own_asleep: Unknown<number>;
}

export interface Snapshot {
  time: number;
  timestamp: number;
  name: string;
  chemistry: string;
  cells: number;
  capacity: number;
  simulated: boolean;
  speed: number;
  activity: Activity;
  voltage?: Unknown<number>;
  current?: Unknown<number>;
  power?: Unknown<number>;
  soc?: Unknown<number>;
  soc_sigma?: Unknown<number>;
  time_to_full?: Unknown<number>;
  time_to_empty?: Unknown<number>;
  lowest?: Unknown<number>;
  highest?: Unknown<number>;
  spread?: Unknown<number>;
  stale?: Unknown<number>;
  cell: Cell[];
  cell_band: Unknown<number>[];
  may_charge: boolean;
  may_discharge: boolean;
  /** Chargers and loads share one contactor: both tell the same. */
  common?: boolean;
  charge_contactor: Contactor;
  load_contactor: Contactor;
  outputs: Output[];
  faults: Fault[];
  acknowledged: boolean;
  nodes: Node[];
  sources?: Source[];
  loop: Loop;
  ranges?: Range[];
  charging?: Unknown<Charging>;
  balancing?: Unknown<Balancing>;
  panel?: Unknown<ControlPanel>;
  health?: Unknown<Health>;
  counters?: Unknown<Counters>;
  own_power?: Unknown<number>;
}

/** What the monitor publishes: the snapshot, and whether it is live. */
export interface Document {
  connected: boolean;
  problem?: "unreachable" | "silent";
  snapshot?: Snapshot;
}
