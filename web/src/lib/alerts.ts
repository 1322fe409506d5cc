/** Alerts as the pages know them; an address is a secret: it comes shortened, and sent back so it stays as it is. */
export interface Receiver {
  name: string;
  url: string;
  language: string;
}

export interface Rule {
  severity: "warning" | "alarm";
  receivers: string[];
  repeat: number | null;
  escalate_after: number | null;
  escalate_to: string[];
}

export interface Book {
  receivers: Receiver[];
  rules: Rule[];
  quiet: { begin: string; end: string } | null;
  heartbeat: { url: string; every: number } | null;
}

export interface Delivery {
  time: number;
  problem: string;
}

export interface Alerts {
  book: Book;
  standing: number;
  waiting: number;
  dropped: number;
  last: Record<string, Delivery>;
  heartbeat: Delivery | null;
  trouble: string;
}
