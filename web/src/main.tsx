import { render } from "preact";
import { startRouter } from "./router";
import { App } from "./shell/app";
import { startTheme } from "./ui/theme";

startTheme();
startRouter();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
