import { mount } from "svelte";
import App from "./App.svelte";
import { session } from "./lib/session.svelte";
import { live } from "./lib/live.svelte";
import { prefs } from "./lib/prefs.svelte";
import { router } from "./lib/router.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/forms.css";

prefs.apply();
router.start();
void session.load();
live.start();

const target = document.getElementById("app");
if (target) mount(App, { target });
