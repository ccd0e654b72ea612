#!/usr/bin/env node
// The command `contractc`: the compiler as WebAssembly, on this machine's files.

import { readFileSync } from "node:fs";
import { initSync, run } from "./dist/contractc.js";
import { slashed } from "./system.js";

initSync({ module: readFileSync(new URL("dist/contractc_bg.wasm", import.meta.url)) });
try {
  process.exitCode = run(["contractc", ...process.argv.slice(2).map(slashed)]);
} catch (error) {
  // The message and the exit code of a panic in the native command.
  console.error(`error: the compiler has failed: ${error}; please report it, with the document`);
  process.exitCode = 101;
}
