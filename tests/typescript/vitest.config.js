// Runs the tests of the generated TypeScript with Vitest.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packages = (name) => fileURLToPath(new URL(`./node_modules/${name}`, import.meta.url));

// The generated code and the runtime lie outside of this folder, and find the packages here.
export default defineConfig({
  resolve: { alias: { zod: packages("zod"), dexie: packages("dexie") } },
  test: { include: ["*.test.ts"] },
});
