// Tests the summaries of the sync status.

import { expect, test } from "vitest";
import type { SyncState, SyncStatus } from "../sync";
import { summary } from "./status";

const status = (change: Partial<SyncStatus>): SyncStatus => ({
  state: "idle",
  account: "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f",
  pending: 0,
  pendingSince: null,
  blocked: 0,
  quarantined: 0,
  unknownCollections: {},
  collections: {},
  nextAttemptInMs: null,
  toBeDeleted: 0,
  differsSince: null,
  lastDifferenceAt: null,
  lastError: null,
  serverClockAheadMs: null,
  correctsClock: false,
  leader: true,
  persisted: true,
  storageProblem: null,
  lastSuccessfulClientPushTimestamp: null,
  lastSuccessfulServerSyncTimestamp: null,
  ...change,
});

test("nothing is called synced while anything is left to do", () => {
  expect(summary(status({})).label).toBe("Synced");
  const left: Partial<SyncStatus>[] = [
    { pending: 1 },
    { blocked: 1 },
    { quarantined: 1 },
    { lastError: "broken" },
    { differsSince: 1 },
    { storageProblem: "full" },
  ];
  for (const change of left) {
    expect(summary(status(change)).label).not.toBe("Synced");
  }
  const states: SyncState[] = ["starting", "unavailable", "off", "paused", "offline", "needsAuth", "needsConfirmation", "upgradeRequired", "syncing"];
  for (const state of states) {
    expect(summary(status({ state })).label, state).not.toBe("Synced");
  }
});

test("a wrong clock is reported until edits get the server's time", () => {
  expect(summary(status({ serverClockAheadMs: 86_400_000 }))).toMatchObject({ tone: "attention", label: "Wrong clock" });
  expect(summary(status({ serverClockAheadMs: -3_600_000, pending: 2 })).sentence).toContain("60 minutes ahead of the server's");
  expect(summary(status({ serverClockAheadMs: 86_400_000, correctsClock: true })).label).toBe("Synced");
});

test("what waits is counted, and what needs somebody says so", () => {
  expect(summary(status({ state: "offline", pending: 3 })).sentence).toContain("3 edits wait here");
  expect(summary(status({ state: "offline" })).sentence).toContain("has been sent");
  expect(summary(status({ blocked: 2, pending: 5 }))).toMatchObject({ tone: "attention", label: "2 rejected" });
  expect(summary(status({ state: "needsConfirmation", toBeDeleted: 1 })).sentence).toContain("1 record that is here");
  const unavailable = status({ state: "unavailable", lastError: "cannot start sync: no engine; serve it", pending: 1 });
  expect(summary(unavailable).sentence).toBe(
    "Cannot start sync: no engine; serve it. The log works on this device; 1 edit is kept and sent later.",
  );
  expect(summary(status({ state: "off", account: null })).label).toBe("On this device");
});
