// Makes dist/ of src/: the page's module, the two workers with the WebAssembly beside them, and the types.

import { execFileSync } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { rolldown } from "rolldown";

await rm("dist", { recursive: true, force: true });
const bundle = await rolldown({
  input: { index: "src/index.ts", worker: "src/worker-entry.ts", "worker-audited": "src/worker-audited.ts" },
  // The app's own copies: one Dexie for app and sync, or live queries do not hear of what sync writes.
  external: ["dexie", "zod"],
  resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  treeshake: { moduleSideEffects: (id) => /worker-(entry|audited)/.test(id) },
});
await bundle.write({ dir: "dist", format: "esm", minify: true, entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
await cp("src/wasm/engine_bg.wasm", "dist/engine_bg.wasm");
execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], { stdio: "inherit" });
