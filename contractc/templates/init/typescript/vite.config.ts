// Builds the app with Vite, and serves it during development.

import { defineConfig } from "vite";

export default defineConfig({
  // Its worker and its WebAssembly are files next to it, and it shares the app's Dexie.
  optimizeDeps: { exclude: ["stronglog-sync"], include: ["dexie"] },
  // The server, which `stronglog serve --dev` starts. Without it the app works on this device alone.
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  build: { target: "es2022" },
});
