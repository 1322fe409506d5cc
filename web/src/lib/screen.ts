/** The three kinds of screen the pages are laid out for; the style sheets use the same bounds. */
import { MediaQuery } from "svelte/reactivity";

/** A small touch display, or a phone held sideways. */
export const kiosk = new MediaQuery("(max-height: 400px)");
/** A PC or a tablet. */
export const wide = new MediaQuery("(min-width: 1200px) and (min-height: 401px)");
