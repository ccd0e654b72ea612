// Builds the app of a new user of the package with Vite.

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Its worker and its WebAssembly lie beside it; app and sync share one Dexie.
  optimizeDeps: { exclude: ["stronglog-sync"], include: ["dexie"] },
});
