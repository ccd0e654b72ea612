// What a page may pass to createSync and to its calls: what is not right is said before anything is opened or sent.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Sync } from "../../src/api.js";
import { newId } from "../../src/id.js";
import { createSync } from "../../src/sync.js";

/** A worker that never answers. */
class SilentWorker {
  postMessage(): void {}
  terminate(): void {}
}

beforeEach(() => {
  vi.stubGlobal("navigator", { locks: { request: () => new Promise(() => undefined) } });
  vi.stubGlobal("Worker", SilentWorker);
});

afterEach(() => vi.unstubAllGlobals());

test("outside a browser, for example when a server renders the page, createSync opens nothing and says why", () => {
  vi.stubGlobal("navigator", undefined);
  const opened = vi.fn();
  vi.stubGlobal("BroadcastChannel", opened);
  expect(() => createSync({ baseUrl: "https://sync.example" })).toThrow("createSync needs a browser: call it on the client only");
  expect(opened).not.toHaveBeenCalled();
});

test("a call whose arguments violate the contract says what was wrong with them", async () => {
  const sync: Sync = createSync({ baseUrl: "https://sync.example", name: newId() });
  const calls: readonly (readonly [call: () => Promise<unknown>, error: string])[] = [
    [() => sync.signUp({ email: "ana@example.com", password: "short" }), "cannot create the account: /password "],
    [() => sync.signIn({ email: "ana@example.com", password: null } as never), "cannot sign in: /password is null; expected string"],
    [() => sync.signIn(undefined as never), "cannot sign in: the argument is missing"],
    [() => sync.recover({ email: "ana@example.com", recoveryCode: "x", newPassword: "short" }), "cannot set a new password: /"],
    [() => sync.renameDevice(newId(), ""), "cannot rename the device: /name "],
    [() => sync.confirmDeletions("nope" as never), 'cannot answer "nope": expected "delete" or "pushAgain"'],
    [() => sync.restore(undefined as never), "cannot restore a past version: the number is undefined; expected a whole number"],
    [() => sync.conflicts(1e12), "cannot list conflicts: the limit is 1000000000000; expected a whole number from 1 to 4294967295"],
  ];
  for (const [call, error] of calls) {
    await expect(call()).rejects.toThrow(error);
  }
  await sync.close();
});
