/** One page at a time, named in the address after "#/": no server rule is needed, the back button works. */
import type { Component } from "svelte";
import Overview from "../pages/Overview.svelte";
import type { Key } from "./words";

export interface Page {
  path: string;
  title: Key;
  component: Component;
}

/** All pages that exist, in the order of the navigation; the first one is where everybody starts. */
export const PAGES: readonly [Page, ...Page[]] = [{ path: "", title: "page.overview", component: Overview }];

class Router {
  page: Page = $state.raw(PAGES[0]);

  start(): void {
    addEventListener("hashchange", () => this.#read());
    this.#read();
  }

  #read(): void {
    const path = location.hash.replace(/^#\/?/, "");
    this.page = PAGES.find((page) => page.path === path) ?? PAGES[0];
  }
}

export const router = new Router();
