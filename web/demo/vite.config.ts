// How the demo is built: one page, hashed assets, and /api passed on to a server on this machine while it is developed.

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "stronglog-sync": new URL("stand-in/index.ts", import.meta.url).pathname }, dedupe: ["dexie", "zod"] },
  build: { outDir: "dist/site", target: "es2022", modulePreload: { polyfill: false } },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"] },
});
