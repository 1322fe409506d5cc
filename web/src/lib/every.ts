/** Work done now and again and again, from an effect whose reasons are only what it names itself. */
import { untrack } from "svelte";

export function every(ms: number, work: () => Promise<void>, first = 0): () => void {
  const begin = first ? setTimeout(() => void work(), first) : void untrack(() => void work());
  const timer = setInterval(() => void work(), ms);
  return () => {
    clearTimeout(begin ?? undefined);
    clearInterval(timer);
  };
}
