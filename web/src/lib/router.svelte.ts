/** One page at a time, named in the address after "#/": no server rule is needed, the back button works. */
import type { Component } from "svelte";
import Alerts from "../pages/Alerts.svelte";
import ControlPanel from "../pages/ControlPanel.svelte";
import Cells from "../pages/Cells.svelte";
import Events from "../pages/Events.svelte";
import Health from "../pages/Health.svelte";
import History from "../pages/History.svelte";
import More from "../pages/More.svelte";
import Outputs from "../pages/Outputs.svelte";
import Overview from "../pages/Overview.svelte";
import People from "../pages/People.svelte";
import Ranges from "../pages/Ranges.svelte";
import Settings from "../pages/Settings.svelte";
import System from "../pages/System.svelte";
import type { Key } from "./words";

export interface Page {
  path: string;
  title: Key;
  component: Component;
  /** Its sign on small tabs, drawn in 24 × 24. */
  sign: string;
  /** Reached from the page More, with this sentence beside it. */
  about?: Key;
}

/** All pages that exist, in the order of the navigation; the first one is where everybody starts. */
export const PAGES: readonly [Page, ...Page[]] = [
  { path: "", title: "page.overview", component: Overview, sign: "M12 3a9 9 0 1 1-8.5 6M12 8v4l3 3" },
  { path: "cells", title: "page.cells", component: Cells, sign: "M5 20V9M10 20V5M15 20v-9M20 20V7" },
  { path: "history", title: "page.history", component: History, sign: "M3 20h18M4 15l5-6 4 4 7-8" },
  { path: "events", title: "page.events", component: Events, sign: "M4 6h2M4 12h2M4 18h2M10 6h10M10 12h10M10 18h10" },
  { path: "outputs", title: "page.outputs", component: Outputs, sign: "M7 7h10a5 5 0 0 1 0 10H7A5 5 0 0 1 7 7ZM17 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4" },
  { path: "health", title: "page.health", component: Health, sign: "M3 12h4l2-5 4 11 3-8 1.5 2H21" },
  { path: "more", title: "page.more", component: More, sign: "M6 12a1.2 1.2 0 1 1-2.4 0 1.2 1.2 0 0 1 2.4 0ZM13.2 12a1.2 1.2 0 1 1-2.4 0 1.2 1.2 0 0 1 2.4 0ZM20.4 12a1.2 1.2 0 1 1-2.4 0 1.2 1.2 0 0 1 2.4 0Z" },
  { path: "ranges", title: "page.ranges", about: "more.ranges", component: Ranges, sign: "M4 12h5l3-6 3 12 2-6h3M4 20h16M4 4h16" },
  { path: "alerts", title: "page.alerts", about: "more.alerts", component: Alerts, sign: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4ZM10 21h4" },
  { path: "settings", title: "page.settings", about: "more.settings", component: Settings, sign: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4v6M9 14v6" },
  { path: "people", title: "page.people", about: "more.people", component: People, sign: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.4a3.5 3.5 0 0 1 0 6.4M18 14.4c2.1 0.9 3.5 2.9 3.5 5.6" },
  { path: "panel", title: "page.panel", about: "more.panel", component: ControlPanel, sign: "M12 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM5 21v-6h14v6ZM9 18h6" },
  { path: "system", title: "page.system", about: "more.system", component: System, sign: "M12 3 4 6v6c0 4.5 3.2 7.6 8 9 4.8-1.4 8-4.5 8-9V6ZM8.5 12l2.5 2.5 4.5-5" },
];

class Router {
  page: Page = $state.raw(PAGES[0]);
  /** What stands behind the page's name: "#/cells/7" has "7". */
  rest = $state("");

  start(): void {
    addEventListener("hashchange", () => this.#read());
    this.#read();
  }

  #read(): void {
    const [path, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
    this.rest = rest.join("/");
    const before = this.page;
    this.page = PAGES.find((page) => page.path === path) ?? PAGES[0];
    if (this.page !== before) scrollTo(0, 0);
  }
}

export const router = new Router();
