/** What the pages ask of the monitor. */
export type Command = { kind: "stop" | "acknowledge" };

/** Send a command; the answer is "" when it was taken, else one sentence that says why not. */
export async function command(request: Command): Promise<string> {
  try {
    const answer = await fetch("api/v1/command", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(5000),
    });
    if (answer.ok) return "";
    const said = (await answer.json()) as { error?: string };
    return said.error ?? `HTTP ${answer.status}`;
  } catch (problem) {
    return problem instanceof Error ? problem.message : String(problem);
  }
}
