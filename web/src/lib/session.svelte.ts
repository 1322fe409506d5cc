/** Who is logged in on this display, and the sign that every change must carry. */
export const ROLES = ["viewer", "operator", "installer"] as const;
export type Role = (typeof ROLES)[number];

export interface SessionReply {
  name: string;
  role: Role | null;
  csrf: string;
  first: boolean;
}

class Session {
  /** Undefined until the monitor has answered. */
  now: SessionReply | undefined = $state.raw();

  async load(): Promise<void> {
    try {
      const answer = await fetch("api/v1/session", { signal: AbortSignal.timeout(10_000) });
      if (answer.ok) this.now = (await answer.json()) as SessionReply;
    } catch {
      // no monitor: the page says so by itself
    }
  }

  /** What a changing request must carry. */
  get headers(): Record<string, string> {
    return this.now?.csrf ? { "x-tbms-csrf": this.now.csrf } : {};
  }
}

export const session = new Session();
