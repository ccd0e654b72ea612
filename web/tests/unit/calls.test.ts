// The calls of a page: each one settles, whatever the app passes.

import { expect, test } from "vitest";
import { Calls } from "../../src/calls.js";

test("a call whose argument cannot be cloned is rejected, and does not hold up the others", async () => {
  const posted: unknown[] = [];
  const calls = new Calls((message) => posted.push(structuredClone(message)));
  await expect(calls.ask("renameDevice", [new Proxy({}, {})])).rejects.toThrow(/^cannot call renameDevice: .*pass plain values$/);

  const waiting = calls.ask<string>("conflicts", []);
  calls.repeat();
  expect(posted).toMatchObject([{ method: "conflicts" }, { method: "conflicts" }]);
  const { id } = posted[0] as { id: string };
  calls.answered({ say: "answer", id, result: "none" });
  expect(await waiting).toBe("none");
});
