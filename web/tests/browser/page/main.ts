// The page of the browser tests: an app of a few lines. It shows one table by a live query; tests do the rest from outside.

import { Dexie, liveQuery } from "dexie";
import { createSync, migrate, type Sync } from "stronglog-sync";
import init from "../../../engine/pkg/engine.js";
import { run, type Scenario } from "../../unit/scenarios.js";

const query = new URLSearchParams(location.search);
const sync: Sync = createSync({
  baseUrl: query.get("server") ?? location.origin,
  name: query.get("name") ?? "stronglog",
  validateWithZod: query.get("zod") !== "no",
});

liveQuery(() => sync.db.userBodyweightLogs.orderBy("date").limit(50).toArray()).subscribe((logs) => {
  const items = logs.map((log) => {
    const item = document.createElement("li");
    item.textContent = `${log.weightKg} kg`;
    return item;
  });
  document.querySelector("#bodyweights")?.replaceChildren(...items);
});

/** Validates the bytes of a page of the feed in a worker, by Rust and by Zod. */
function validate(bytes: Uint8Array): Promise<unknown> {
  const worker = new Worker(new URL("./validate.worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(bytes);
  });
}

/** Runs a conformance scenario of the stores on this browser's IndexedDB. */
async function scenario(scenario: Scenario): Promise<string[]> {
  await init();
  return run(scenario, `scenario: ${scenario.name}`);
}

Object.assign(window, { sync, Dexie, validate, migrate, scenario });

export { Dexie, migrate, sync };
