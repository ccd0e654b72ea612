// The conformance scenarios of stores, on Dexie in Node.

import { expect, test } from "vitest";
import "./device.js";
import file from "../../../tests/scenarios/stores.json";
import { run, type Scenario } from "./scenarios.js";

test.each(file.scenarios as unknown as Scenario[])("$name", async (scenario) => {
  expect(await run(scenario, scenario.name)).toEqual([]);
});
