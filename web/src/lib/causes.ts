/** The master gives causes as short English sentences; those that are always the same are translated. */
import { say } from "./words";

export function reason(cause: string): string {
  const key = cause.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  return say(`cause.${key}`, cause);
}
