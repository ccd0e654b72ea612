// Prints the compressed sizes of dist/, and fails if one is above its bound. The build ends with it, and so does the test of the package.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const KIB = 1024;

/** What a page or a worker loads, and how many bytes of gzip that may be. */
const parts = [
  { name: "worker", files: ["worker.js", "engine_bg.wasm"], bound: 200 * KIB },
  { name: "page", files: ["index.js"], bound: 15 * KIB },
  // Apps that use the contract's schemas share this file with the package.
  { name: "contract's schemas", files: ["index-contract.js"], bound: 15 * KIB },
];

for (const { name, files, bound } of parts) {
  const sizes = files.map((file) => gzipSync(readFileSync(new URL(`dist/${file}`, import.meta.url)), { level: 9 }).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`gzip: ${name} ${total} bytes of at most ${bound} (${files.map((file, index) => `${file} ${sizes[index]}`).join(", ")})`);
  if (total > bound) {
    console.error(`error: the ${name} is ${total - bound} bytes too large: make the code smaller; the bound stays`);
    process.exitCode = 1;
  }
}
