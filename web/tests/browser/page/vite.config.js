// Builds the page of the tests with Vite.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  resolve: { alias: { "stronglog-sync": here("../../../dist/index.js"), zod: here("../../../node_modules/zod") } },
  worker: { format: "es" },
  build: { outDir: here("../../../build/page"), emptyOutDir: true, chunkSizeWarningLimit: 2_000 },
  logLevel: "warn",
});
