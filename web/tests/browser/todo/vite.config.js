// Builds the page of the tests with Vite.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const installed = (name) => here(`../../../node_modules/${name}`);

// The page of the second contract, over the package as it is built.
export default defineConfig({
  root: here("../../../../examples/todo/web"),
  resolve: { alias: { "stronglog-sync": here("../../../dist/index.js"), dexie: installed("dexie"), zod: installed("zod") } },
  worker: { format: "es" },
  build: { outDir: here("../../../build/todo"), emptyOutDir: true, chunkSizeWarningLimit: 2_000 },
  logLevel: "warn",
});
