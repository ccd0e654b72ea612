// Starts the app.

import "./style/index.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { addShipped } from "./data/exercises";
import { applyLastTheme } from "./data/settings";
import { attempt } from "./ui/toast";

applyLastTheme();
void attempt(addShipped());

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
