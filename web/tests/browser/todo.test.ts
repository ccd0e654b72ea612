// The page of a contract that the package was not built with: valid records reach another device, and invalid ones do not.

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { RecordRefused, Sync } from "../../src/api.js";
import type { Records } from "../../../examples/todo/generated/typescript/stores.js";
import { Play } from "./play.js";
import { Tab } from "./stage.js";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const play = new Play("todo", { server: ["--contract", file("../examples/todo/generated/contract.json")], pages: file("build/todo") });

async function device(): Promise<Tab> {
  return Tab.open(await play.profile(), play.url);
}

declare global {
  interface Window {
    /** Like `sync`, with the records of the page's contract. */
    todo: Sync<Records>;
  }
}

test("two devices have the lists of a contract that only their page knows", async () => {
  const email = play.account();
  const [one, other] = [await device(), await device()];
  await one.page.getByLabel("A new list").fill("Garden");
  await one.page.getByRole("button", { name: "Add" }).click();
  await one.page.getByText("Garden").waitFor();
  await one.signUp(email);
  await other.signIn(email);
  await other.page.getByText("Garden").waitFor();
  await other.page.getByText("idle, 0 waiting").waitFor();

  // A rule across members of the contract.
  const refused = await other.page.evaluate(() => {
    const item = { listId: crypto.randomUUID(), title: "Dig", position: 0, due: { kind: "never" as const }, startedAt: 2, doneAt: 1 };
    return window.todo.db.items.add(item).then(String, (error: RecordRefused) => error.violations.map(({ keyword }) => keyword));
  });
  expect(refused).toEqual(["x-rules"]);

  // The collection of one record has the same id on both devices.
  const themes = await Promise.all([one, other].map((tab) => tab.page.evaluate(() => window.todo.db.preferences.put({ theme: "dark" }))));
  expect(themes[0]).toBe(themes[1]);
  await one.sync();
  await other.sync();
  expect(await one.status()).toMatchObject({ state: "idle", pending: 0, blocked: 0, quarantined: 0, lastError: null });
  expect([...one.errors, ...other.errors]).toEqual([]);
});
