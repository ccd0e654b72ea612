// Starts the engine: loads the WebAssembly, and explains what prevents it from running and how to fix that.

import { errorText } from "./error.js";
import init, { useContract } from "../engine/pkg/engine.js";

/** The time limit for loading the WebAssembly. */
const LOAD_MS_MAX = 30_000;

/** Loads the engine, if it is not loaded yet, for StrongLog's contract or another one, as the text of its `contract.json`. */
export async function loadEngine(contract?: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the engine was not loaded within ${LOAD_MS_MAX / 1_000} s`)), LOAD_MS_MAX);
  });
  await Promise.race([init(), late]).finally(() => clearTimeout(timer));
  if (contract !== undefined) {
    useContract(contract);
  }
}

/** The known causes: the browser's message, and the advice that fixes it, unless the message has it. */
const CAUSES: readonly (readonly [seen: RegExp, remedy: string | undefined])[] = [
  [/belongs to another contract|holds the database open/, undefined],
  [/failed to fetch Wasm/i, "reload the page, if the app was updated; otherwise serve engine_bg.wasm next to the worker, to everybody who may open the app"],
  [
    /Failed to fetch|NetworkError|Load failed|not loaded within/i,
    "check the network, and let the page's Content-Security-Policy allow its own origin with connect-src 'self'; loading is retried automatically",
  ],
  [/Content Security Policy|unsafe-eval/i, "the page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src"],
  [/WebAssembly|CompileError|magic word/i, "reload the page, if the app was updated; otherwise serve engine_bg.wasm as it was built, with the type application/wasm"],
  [/MissingAPI|indexedDB|IndexedDB API/i, "IndexedDB is not available to this page; leave the private window, or let the site store data"],
];

/** Why sync does not start, and how to fix it. */
export function startupProblem(error: unknown): string {
  const seen = errorText(error);
  const [, remedy] = CAUSES.find(([pattern]) => pattern.test(seen)) ?? [, "reload the page; writes are kept and are sent then"];
  return `cannot start sync: ${seen}${remedy === undefined ? "" : `; ${remedy}`}`;
}
