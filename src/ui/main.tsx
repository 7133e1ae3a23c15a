/** Begins the page. */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { render } from "preact";
import { App } from "./app.js";
import { followLinks } from "./route/place.js";
import { listenToKeys } from "./shell/keys.js";

followLinks();
listenToKeys();
render(<App />, document.body);
