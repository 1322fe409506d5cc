/** The one store of live data: a WebSocket that comes back by itself, and the age of what it brought. */
import { merge, type Json } from "./patch";
import type { Document, Snapshot } from "./snapshot";

const SILENCE = 5; // s without a message (the monitor sends one every 2 s) after which the line is dead
const OLD = 2; // s without any measurement before the page says so; the master acts after 0.5 s
const RETRY = [500, 1000, 2000, 4000]; // ms between attempts, the last one for ever

/** What stands between the page and the battery: while any of these is lost, nothing on the page is live. */
export type Lost = "waiting" | "monitor" | "unreachable" | "silent";

interface Message {
  seq: number;
  age: number | null;
  state?: Json;
  patch?: Json;
}

declare global {
  interface Window {
    /** What `early.js` has begun. */
    early?: { socket: WebSocket; messages: MessageEvent[] };
  }
}

class Live {
  /** The newest snapshot; undefined until the first one came. */
  snapshot: Snapshot | undefined = $state.raw();
  /** Why the snapshot is not live; undefined when it is. */
  lost: Lost | undefined = $state("waiting");
  /** The master is there, but no cell is measured: faults and contactors are live, measured values are not. */
  blind = $state(false);
  /** Seconds since the values were true; undefined when none ever came. */
  age: number | undefined = $state();

  #document: Json = {};
  #seq = -1;
  #open = false;
  #heard = 0;
  #ageThen: number | null = null;
  #attempt = 0;
  #socket: WebSocket | undefined;

  start(): void {
    const early = window.early;
    if (early && early.socket.readyState <= WebSocket.OPEN) {
      this.#listen(early.socket);
      for (const message of early.messages) this.#take(message);
    } else this.#connect();
    setInterval(() => this.#judge(), 1000);
  }

  #connect(): void {
    this.#listen(new WebSocket(new URL("api/v1/live", location.href.replace(/^http/, "ws"))));
  }

  #listen(socket: WebSocket): void {
    this.#socket = socket;
    socket.onmessage = (event) => this.#take(event);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#open = false;
      this.#judge();
      setTimeout(() => this.#connect(), RETRY[Math.min(this.#attempt++, RETRY.length - 1)]);
    };
  }

  #take(event: MessageEvent): void {
    const message = JSON.parse(event.data as string) as Message;
    if (message.state !== undefined) this.#document = message.state;
    else if (message.patch !== undefined && message.seq === this.#seq + 1) this.#document = merge(this.#document, message.patch);
    else return this.#socket?.close(); // a number is missing: start again with a full state
    this.#seq = message.seq;
    this.#heard = event.timeStamp; // it may have waited for this program
    this.#ageThen = message.age;
    this.#open = true;
    this.#attempt = 0;
    this.#judge();
  }

  /** Decide whether what is shown is live, and how old it is. */
  #judge(): void {
    const document = this.#document as unknown as Document;
    this.snapshot = document.snapshot;
    const silence = (performance.now() - this.#heard) / 1000;
    if (this.#open && silence > SILENCE) this.#socket?.close();
    this.lost = this.#reason(document, silence);
    const measured = this.snapshot?.stale ?? undefined;
    this.blind = this.snapshot !== undefined && (measured ?? Infinity) > OLD && this.snapshot.cell.every((cell) => cell.voltage == null);
    const received = this.#ageThen === null ? undefined : this.#ageThen + silence;
    this.age = this.lost || !this.blind ? received : measured;
  }

  #reason(document: Document, silence: number): Lost | undefined {
    if (!this.#open || silence > SILENCE) return this.#heard ? "monitor" : "waiting";
    if (!document.connected) return document.problem ?? "unreachable";
    return document.snapshot ? undefined : "waiting";
  }
}

export const live = new Live();
