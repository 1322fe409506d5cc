/** What the pages ask of the monitor. */
import { session } from "./session.svelte";

export type Command =
  | { kind: "stop" | "acknowledge" }
  | { kind: "output"; target: number; value: "on" | "off" | "auto"; duration?: number };

const PATIENCE = 10_000; // ms

/** Send a command; the answer is "" when it was taken, else one sentence that says why not. */
export async function command(request: Command): Promise<string> {
  const answer = await sent("POST", "api/v1/command", request, PATIENCE / 2);
  return typeof answer === "string" ? answer : "";
}

/** What the monitor answers to something sent, or one sentence that says why not. */
export async function sent<T>(method: "POST" | "PUT" | "DELETE", address: string, what: unknown, patience = 2 * PATIENCE): Promise<T | string> {
  try {
    const answer = await fetch(address, {
      method,
      headers: { "content-type": "application/json", ...session.headers },
      body: JSON.stringify(what),
      signal: AbortSignal.timeout(patience),
    });
    return answer.ok ? ((await answer.json()) as T) : await complaint(answer);
  } catch (problem) {
    return words(problem);
  }
}

/** What the monitor answers, or one sentence that says why not. */
export async function fetched<T>(address: string): Promise<T | string> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
    return answer.ok ? ((await answer.json()) as T) : await complaint(answer);
  } catch (problem) {
    return words(problem);
  }
}

async function complaint(answer: Response): Promise<string> {
  const said = (await answer.json()) as { error?: string };
  return said.error ?? `HTTP ${answer.status}`;
}

function words(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
