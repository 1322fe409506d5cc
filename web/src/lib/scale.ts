/** The window through which cell voltages are seen: the working band, opened as far as a cell needs. */
import type { Cell, Unknown } from "./snapshot";

export interface Line {
  volt: number;
  kind: "warn" | "cut";
  /** Its figure is written beside it: there is room. */
  named: boolean;
}

export interface Scale {
  from: number;
  to: number;
  lines: Line[];
  /** Height of a voltage in the window, 0..1. */
  at: (volt: number) => number;
}

const FALLBACK = [2.5, 4.2] as const; // V, any lithium cell: shown until the limits are known
const ROOM = 0.13; // of the window, that a figure needs beside the next one
const MARGIN = 0.06; // of the band, so that the limit lines are not the frame

/** cell_band: cut low, warn low, warn high, cut high, V; unknown ones are not drawn. */
export function scale(band: Unknown<number>[], cells: Cell[]): Scale {
  const [cutLow, warnLow, warnHigh, cutHigh] = band;
  const volts = cells.flatMap((cell) => (typeof cell.voltage === "number" ? [cell.voltage] : []));
  let low = warnLow ?? cutLow ?? FALLBACK[0];
  const high = Math.max(cutHigh ?? warnHigh ?? FALLBACK[1], ...volts);
  const least = Math.min(...volts, low);
  if (least < low) low = typeof cutLow === "number" && least > cutLow ? cutLow : least;
  const margin = MARGIN * (high - low || 1);
  const from = low - margin;
  const to = high + margin;
  const lines: Line[] = [];
  const draw = (volt: Unknown<number>, kind: Line["kind"]): void => {
    if (typeof volt !== "number" || volt <= from || volt >= to) return;
    lines.push({ volt, kind, named: lines.every((line) => Math.abs(line.volt - volt) > ROOM * (to - from)) });
  };
  draw(cutLow, "cut");
  draw(cutHigh, "cut");
  draw(warnLow, "warn");
  draw(warnHigh, "warn");
  return { from, to, lines, at: (volt) => Math.min(1, Math.max(0, (volt - from) / (to - from))) };
}
