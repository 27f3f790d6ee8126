// The client's first line: fonts, styles, providers, the app.
import "@mantine/core/styles.css";
import "@fontsource/be-vietnam-pro/vietnamese-400.css";
import "@fontsource/be-vietnam-pro/vietnamese-500.css";
import "@fontsource/be-vietnam-pro/vietnamese-600.css";
import "@fontsource/be-vietnam-pro/vietnamese-700.css";
import "@fontsource/be-vietnam-pro/latin-400.css";
import "@fontsource/be-vietnam-pro/latin-500.css";
import "@fontsource/be-vietnam-pro/latin-600.css";
import "@fontsource/be-vietnam-pro/latin-700.css";
import "@fontsource/be-vietnam-pro/latin-400-italic.css";
import "@fontsource/be-vietnam-pro/vietnamese-400-italic.css";
import "./theme/digits.css";
import "./theme/base.css";
import "./theme/shell.css";
import "./theme/table.css";
import "./theme/form.css";
import { registerSW } from "virtual:pwa-register";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";

// A newer client waits until the person says so: nobody's typing is ever reloaded away.
const update = registerSW({
  onNeedRefresh: () => window.dispatchEvent(new CustomEvent("socai-update", { detail: () => void update(true) })),
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
