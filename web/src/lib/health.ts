/** What stands out among the cells, in words, and what to do about it. */
import type { Health } from "./snapshot";
import { t } from "./words";

export interface Finding {
  cell: number;
  what: string;
  todo: string;
}

export function findings(health: Health | null | undefined): Finding[] {
  const kinds = { joint: health?.joints, leak: health?.leaks, weak: health?.weak } as const;
  return (["joint", "leak", "weak"] as const).flatMap((kind) =>
    (kinds[kind] ?? []).map((cell) => ({ cell, what: t(`health.${kind}`, { n: cell }), todo: t(`health.${kind}_do`) })),
  );
}
