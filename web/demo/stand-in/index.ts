// Stands in for the package while it is being built: plain Dexie, no sync.
import { Dexie } from "dexie";
import { collections, deterministicId as idOf, namespace, stores } from "../../../generated/typescript/index.js";
import type { StrongLogDatabase, Sync, SyncOptions, SyncStatus } from "../../src/api";
export type * from "../../src/api";
export type * from "../../../generated/typescript/types";

const camel = (path: string) => path.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
export const deterministicId = (collection: string, key: string): string => idOf(namespace, collection, key);
const newId = () => crypto.randomUUID();

export function createSync(options: SyncOptions): Sync {
  const db = new Dexie(options.name ?? "stronglog");
  db.version(1).stores(Object.fromEntries(Object.entries(stores[1] ?? {}).map(([path, schema]) => [camel(path), schema])));
  for (const { path } of collections) {
    db.table(camel(path)).hook("creating", function (_key, record) {
      const now = Date.now();
      Object.assign(record, { id: record.id ?? newId(), isDeleted: false });
      record.clientCreatedAt ??= now;
      record.clientUpdatedAt ??= now;
      return undefined;
    });
  }
  let status: SyncStatus = {
    state: "off", account: null, pending: 0, pendingSince: null, blocked: 0, quarantined: 0, collections: {}, nextAttemptInMs: null, toBeDeleted: 0,
    lastError: null, leader: true, persisted: true, storageProblem: null, lastSuccessfulClientPushTimestamp: null, lastSuccessfulServerSyncTimestamp: null,
  };
  const listeners = new Set<() => void>();
  const set = (change: Partial<SyncStatus>) => {
    status = { ...status, ...change };
    listeners.forEach((listener) => listener());
  };
  const lists = { blocked: [] as never[], quarantine: [] as never[], conflicts: [] as never[] };
  Object.assign(globalThis, { standIn: { set, db, lists } });
  return {
    db: db as unknown as StrongLogDatabase,
    status: { getSnapshot: () => status, subscribe: (listener) => (listeners.add(listener), () => void listeners.delete(listener)) },
    signUp: async () => set({ state: "idle", account: "a", lastSuccessfulServerSyncTimestamp: Date.now(), lastSuccessfulClientPushTimestamp: Date.now() }),
    signIn: async ({ password }) => {
      if (password === "wrong") throw new Error("cannot sign in: the email or the password is wrong");
      set({ state: "idle", account: "a", lastSuccessfulServerSyncTimestamp: Date.now(), lastSuccessfulClientPushTimestamp: Date.now() });
    },
    signOut: async () => set({ state: "off", account: null }),
    enable: async () => set({ state: "idle" }),
    disable: async () => set({ state: "off" }),
    syncNow: async () => set({ lastSuccessfulServerSyncTimestamp: Date.now() }),
    pause: () => set({ state: "paused" }),
    resume: () => set({ state: "idle" }),
    confirmDeletions: async () => {},
    blocked: async () => lists.blocked,
    retry: async () => {},
    discard: async () => {},
    quarantine: async () => lists.quarantine,
    conflicts: async () => lists.conflicts,
    restore: async () => {},
    newId,
    close: async () => db.close(),
  };
}
