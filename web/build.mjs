// Builds dist/ from src/: the page's module, the two workers with their WebAssembly, and the types.

import { execFileSync } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { rolldown } from "rolldown";

/** Bundles one entry. Pages and workers share no chunk, so neither contains code that only the other needs. */
async function build(name, source) {
  const bundle = await rolldown({
    input: { [name]: source },
    // Left to the app: app and sync must share one Dexie, or live queries miss the writes of sync.
    external: ["dexie", "zod"],
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
    treeshake: { moduleSideEffects: (id) => /worker-(entry|audited)/.test(id), propertyReadSideEffects: false },
  });
  await bundle.write({
    dir: "dist",
    format: "esm",
    minify: true,
    entryFileNames: "[name].js",
    chunkFileNames: `${name}-[name].js`,
    // The contract is a separate chunk, which apps that use its schemas share.
    codeSplitting: name === "index" ? { groups: [{ name: "contract", test: /generated/ }] } : false,
  });
}

await rm("dist", { recursive: true, force: true });
await build("index", "src/index.ts");
await build("worker", "src/worker-entry.ts");
await build("worker-audited", "src/worker-audited.ts");
await cp("engine/pkg/engine_bg.wasm", "dist/engine_bg.wasm");
execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], { stdio: "inherit" });
execFileSync("node", ["size.mjs"], { stdio: "inherit" });
