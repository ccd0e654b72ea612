// Builds the demo: one page, hashed assets, and a service worker that lists them. In development, /api is forwarded to a server on this
// machine.

import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Writes the service worker, with the names of all files of the build. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      // Only tests use the audited worker.
      const built = Object.keys(bundle).filter((name) => name !== "index.html" && !name.includes("audited"));
      const files = JSON.stringify(["/", "/icon.svg", ...built.sort().map((name) => `/${name}`)]);
      const source = readFileSync(new URL("service-worker.js", import.meta.url), "utf8").replace("= FILES", `= ${files}`);
      this.emitFile({ type: "asset", fileName: "service-worker.js", source });
    },
  };
}

export default defineConfig({
  plugins: [react(), serviceWorker()],
  // The package is linked from its folder, which contains copies of its dependencies for tests.
  resolve: { dedupe: ["dexie", "zod"] },
  build: { outDir: "dist/site", target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"] },
});
