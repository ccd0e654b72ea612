// The story's five scenarios, in a real browser against the real server, with all traffic validated by the Zod schemas as well.

import { expect, test } from "vitest";
import { Play } from "./play.js";
import { Tab } from "./stage.js";

const play = new Play("story");

async function device(): Promise<Tab> {
  return Tab.open(await play.profile(), play.url);
}

/** Two devices of one account. */
async function twoDevices(): Promise<[Tab, Tab]> {
  const email = play.account();
  const [one, other] = [await device(), await device()];
  await one.signUp(email);
  await other.signIn(email);
  return [one, other];
}

const weigh = (tab: Tab, weightKg: number): Promise<string> =>
  tab.page.evaluate((weightKg) => window.sync.db.userBodyweightLogs.add({ date: Date.now(), weightKg }), weightKg);

test("1. opt into sync: what was made locally is pushed", async () => {
  const tab = await device();
  const id = await weigh(tab, 81.5);
  expect(await tab.until((status) => status.state !== "starting")).toMatchObject({ state: "off", account: null, pending: 1 });
  const began = Date.now();
  await tab.signUp(play.account());
  const status = await tab.sync();
  expect(status).toMatchObject({ state: "idle", pending: 0, blocked: 0, quarantined: 0, lastError: null, leader: true });
  expect(status.lastSuccessfulClientPushTimestamp).toBeGreaterThanOrEqual(began);
  expect(status.lastSuccessfulServerSyncTimestamp).toBeGreaterThanOrEqual(began);
  expect(status.collections["user-bodyweight-logs"]?.lastSuccessfulClientPushTimestamp).toBe(status.lastSuccessfulClientPushTimestamp);
  const pushes = play.gate.seen.filter((request) => request.path === "/api/v1/changes/batch").map((request) => request.body);
  expect(pushes.join()).toContain(id);
  expect(tab.errors).toEqual([]);
});

test("2. what another device has written appears in Dexie and on the page", async () => {
  const [one, other] = await twoDevices();
  const id = await weigh(one, 79.25);
  // Nobody asks the other device to sync: it receives change notifications.
  await other.page.getByText("79.25 kg").waitFor({ timeout: 15_000 });
  expect(await other.page.evaluate((id) => window.sync.db.userBodyweightLogs.get(id), id)).toMatchObject({ id, weightKg: 79.25 });
  expect([...one.errors, ...other.errors]).toEqual([]);
});

test("3. what is written offline is synced once there is a network", async () => {
  const [one, other] = await twoDevices();
  await one.context.setOffline(true);
  play.gate.intercept = (path, _, response) => path.startsWith("/api/") && Boolean(response.destroy());
  const id = await weigh(one, 70);
  await one.page.evaluate((id) => window.sync.db.userBodyweightLogs.update(id, { weightKg: 71 }), id);
  const waiting = await one.until((status) => status.pending === 1 && status.lastError !== null);
  expect(["offline", "syncing"]).toContain(waiting.state);
  play.gate.intercept = undefined;
  await one.context.setOffline(false);
  await one.until((status) => status.pending === 0 && status.state === "idle");
  await other.page.getByText("71 kg").waitFor({ timeout: 15_000 });
});

test("4. two edits of one record: the last write wins, and the loser can be had back", async () => {
  const [one, other] = await twoDevices();
  const id = await weigh(one, 80);
  await one.sync();
  await other.sync();
  await one.page.evaluate(() => window.sync.pause());
  await other.page.evaluate(() => window.sync.pause());
  await one.page.evaluate((id) => window.sync.db.userBodyweightLogs.update(id, { weightKg: 81 }), id);
  await one.page.waitForTimeout(20);
  await other.page.evaluate((id) => window.sync.db.userBodyweightLogs.update(id, { weightKg: 82 }), id);
  await other.page.evaluate(() => window.sync.resume());
  await other.sync();
  await one.page.evaluate(() => window.sync.resume());
  await one.sync();
  await one.page.getByText("82 kg").waitFor();
  expect(await other.shown()).toEqual(["82 kg"]);
  const conflicts = await one.page.evaluate(() => window.sync.conflicts());
  expect(conflicts).toMatchObject([{ why: "lost", record: { id, weightKg: 81 } }]);

  await one.page.evaluate((number) => window.sync.restore(number), conflicts[0]?.number ?? 0);
  await one.sync();
  await other.sync();
  await other.page.getByText("81 kg").waitFor();
});

test("5. deletions go both ways", async () => {
  const [one, other] = await twoDevices();
  const [first, second] = [await weigh(one, 60), await weigh(one, 61)];
  await one.sync();
  await other.sync();
  await one.page.evaluate((id) => window.sync.db.userBodyweightLogs.delete(id), first);
  await other.page.evaluate((id) => window.sync.db.userBodyweightLogs.update(id, { isDeleted: true } as object), second);
  expect(await one.page.evaluate((id) => window.sync.db.userBodyweightLogs.get(id), first)).toBeUndefined();
  await one.sync();
  await other.sync();
  await one.sync();
  for (const tab of [one, other]) {
    expect(await tab.page.evaluate(() => window.sync.db.userBodyweightLogs.count())).toBe(0);
    await tab.page.waitForFunction(() => document.querySelectorAll("#bodyweights li").length === 0);
    expect(await tab.status()).toMatchObject({ pending: 0, blocked: 0, lastError: null });
  }
});
