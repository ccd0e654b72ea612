// The local database: a table for each collection of the contract, which the app reads and writes, and the engine's own tables.

import { Dexie, type Table, type Transaction } from "dexie";
import type { StoreVersions } from "../../generated/typescript/runtime/collection.js";
import { stores as storesOfStrongLog } from "../../generated/typescript/stores.js";
import type { TableName } from "./api.js";

/** A row of the engine: a live or deleted record as text, and its sync state. The app's tables contain only the live records. */
export interface StoredRow {
  /** `collection/id` */
  readonly key: string;
  /** The engine's sync state of the record, as JSON that only the engine reads. */
  readonly info: string;
  /** The record as JSON. */
  readonly text: string;
  /** The last resync that saw the row. Not indexed: a resync reads every row anyway, and an index would make every pull slower. */
  readonly seen: number;
  /** Position in the push order; set while an edit is pending. */
  readonly queue?: readonly [place: number, seq: number];
  /** When the oldest pending edit was made; set while an edit is pending. */
  readonly since?: number;
  /** When the blocked edit was made; set while the row is blocked. */
  readonly blocked?: number;
}

/** Records that the app has written a record. The engine turns it into an edit; until then it holds the record's position in the outbox. */
export interface PendingWrite {
  /** `collection/id` */
  readonly key: string;
  /** When the app wrote, in milliseconds since the Unix epoch. Absent once the engine has rejected the write. */
  readonly at?: number;
  /** 1 if the record ships with the app. */
  readonly shipped: 0 | 1;
  /** 1 if the write replaces a version that the app has not read (R24). */
  readonly stale?: 1;
  /** The stamp of a record that comes from a database from before sync: every edit is newer. */
  readonly imported?: number;
  /** Why the engine rejected the write, and when the write was made. */
  readonly refused?: { readonly problem: string; readonly at: number };
}

/** A version that lost a conflict or was deleted. */
export interface StoredPast {
  readonly number?: number;
  readonly collection: string;
  readonly text: string;
  readonly why: "lost" | "deleted" | "discarded";
  readonly at: number;
}

/** A change that this version of the app cannot read. */
export interface QuarantinedRow {
  readonly number?: number;
  /** `collection/id`, if both are known. */
  readonly key: string | null;
  readonly collection: string | null;
  readonly id: string | null;
  readonly rev: number | null;
  readonly raw: string;
  readonly reason: string;
  readonly at: number;
}

/** Key-value pairs: the device's own row, its tokens, the leading tab. */
export interface NamedValue {
  readonly name: string;
  readonly value: unknown;
}

/** The key under which the database stores that the app has paused sync. */
export const PAUSED = "paused";

/** The engine's own tables. The underscore keeps their names distinct from those of collections. */
export interface OwnTables {
  readonly _rows: Table<StoredRow, string>;
  readonly _pendingWrites: Table<PendingWrite, string>;
  readonly _history: Table<StoredPast, number>;
  readonly _quarantine: Table<QuarantinedRow, number>;
  readonly _device: Table<NamedValue, string>;
}

export type Database = Dexie & OwnTables;

/** The names of the tables that every durable step of the engine needs. */
export const ownTables: readonly (keyof OwnTables)[] = ["_rows", "_pendingWrites", "_history", "_quarantine", "_device"];

/** One version of the database: the tables that it adds (or removes, with null), and how to migrate the data of the previous version. */
interface Layout {
  readonly version: number;
  readonly stores: Readonly<Record<string, string | null>>;
  readonly upgrade?: (transaction: Transaction) => Promise<void>;
}

/** The notice for the user of a tab whose database a newer version of the app has changed. */
export const OUTDATED = "a newer version of the app has opened the database; reload this page to use it";

/** The maximum number of layouts of our own tables for each version of the contract's stores. */
const LAYOUTS_PER_CONTRACT = 100;

/** All layouts that our own tables have had. Databases with each of these layouts exist, so never edit one. */
const OWN_LAYOUTS: readonly Layout[] = [
  {
    version: 1 * LAYOUTS_PER_CONTRACT,
    stores: {
      _rows: "key, queue, since, blocked",
      _notes: "key, at",
      _history: "++number",
      _aside: "++number, key, raw, rev",
      _device: "name",
    },
  },
  {
    version: 1 * LAYOUTS_PER_CONTRACT + 1,
    stores: { _pendingWrites: "key, at", _quarantine: "++number, key, raw, rev", _notes: null, _aside: null },
    upgrade: async (transaction) => {
      await moveRows(transaction, "_notes", "_pendingWrites");
      await moveRows(transaction, "_aside", "_quarantine");
    },
  },
];

async function moveRows(transaction: Transaction, from: string, to: string): Promise<void> {
  await transaction.table(to).bulkAdd(await transaction.table(from).toArray());
}

/** `workout-logs` as a table name: `workoutLogs`. */
export function tableName<Path extends string>(path: Path): TableName<Path> {
  return path.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as TableName<Path>;
}

/** The parts of a record's key. */
export function partsOfKey(key: string): { readonly path: string; readonly table: string; readonly id: string } {
  const slash = key.indexOf("/");
  const path = key.slice(0, slash);
  return { path, table: tableName(path), id: key.slice(slash + 1) };
}

/** The layouts that a contract introduced: one for each of its versions with new collections. */
function contractLayouts(versions: StoreVersions): Layout[] {
  return Object.entries(versions).map(([version, added]) => ({
    version: Number(version) * LAYOUTS_PER_CONTRACT,
    stores: Object.fromEntries(Object.entries(added as Readonly<Record<string, string>>).map(([path, indexes]) => [tableName(path), indexes])),
  }));
}

/**
 * Creates the database object of this name without opening it, with tables for the collections of a contract. Every durable step is on disk
 * when it completes.
 */
export function makeDatabase(name: string, versions: StoreVersions = storesOfStrongLog): Database {
  const database = new Dexie(name, { chromeTransactionDurability: "strict" });
  for (const { version, stores, upgrade } of [...OWN_LAYOUTS, ...contractLayouts(versions)]) {
    // Declaring a version twice extends it. Dexie modifies the object that it receives.
    const declared = database.version(version).stores({ ...stores });
    if (upgrade !== undefined) {
      declared.upgrade(upgrade);
    }
  }
  return database as Database;
}

/** Why a database with an earlier layout cannot be opened. */
export const HELD_OPEN = "another tab holds the database open with an older version of the app; reload that tab or close it";

/** The counts of the engine's tables: everything that the status counts and that does not need the engine. */
export interface Counts {
  /** Edits that the server has not acknowledged yet, including edits that the engine has not seen yet. */
  readonly pending: number;
  readonly pendingSince: number | null;
  readonly blocked: number;
  readonly quarantined: number;
}

/** Counts the rows of the engine's tables. */
export async function countOwnTables({ _rows, _pendingWrites, _quarantine }: OwnTables): Promise<Counts> {
  const [queued, unseen, writes, blocked, quarantined, since, writtenSince] = await Promise.all([
    _rows.orderBy("queue").count(),
    _pendingWrites.orderBy("at").count(),
    _pendingWrites.count(),
    _rows.orderBy("blocked").count(),
    _quarantine.count(),
    _rows.orderBy("since").limit(1).keys(),
    _pendingWrites.orderBy("at").limit(1).keys(),
  ]);
  const times = [...since, ...writtenSince] as number[];
  return {
    pending: queued + unseen,
    pendingSince: times.length === 0 ? null : Math.min(...times),
    // The engine has rejected a pending write that has no time.
    blocked: blocked + writes - unseen,
    quarantined,
  };
}
