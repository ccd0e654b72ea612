import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packages = (name) => fileURLToPath(new URL(`./node_modules/${name}`, import.meta.url));

// The generated code is outside of this folder, and uses the packages installed here.
export default defineConfig({
  resolve: { alias: { zod: packages("zod"), dexie: packages("dexie/dist/modern/dexie.mjs") } },
  test: { include: ["tests/unit/*.test.ts"], setupFiles: ["fake-indexeddb/auto"] },
});
