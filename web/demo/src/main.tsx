// Starts the app.

import "./style/index.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { addShipped } from "./data/exercises";
import { applyLastTheme } from "./data/settings";
import { Broken } from "./ui/broken";
import { attempt, say } from "./ui/toast";

applyLastTheme();
void attempt(addShipped());

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  navigator.serviceWorker
    .register("/service-worker.js")
    .catch((error: unknown) => say(`The page will not open without a network: ${String(error)}`));
}

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Broken>
        <App />
      </Broken>
    </StrictMode>,
  );
}
