// The local database: a table for each collection of the contract, which the app reads and writes, and the engine's own tables.

import { Dexie, type Table, type Transaction } from "dexie";
import { namespace, stores } from "../../generated/typescript/stores.js";
import type { TableName } from "./api.js";
import type { PageContract } from "./contract.js";
import { errorText } from "./error.js";

const stronglog: DatabaseContract = { namespace, stores };

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

/** The part of a contract that shapes the database. */
export type DatabaseContract = Pick<PageContract, "namespace" | "stores">;

/** The notice for the user of a tab whose database a newer version of the app has changed. */
export const OUTDATED = "a newer version of the app has opened the database; reload this page to use it";
/** Why a database with an earlier layout cannot be opened. */
export const HELD_OPEN = "another tab holds the database open with an older version of the app; reload that tab or close it";

/** The time limit for opening the database. */
const OPEN_MS_MAX = 10_000;
/** The maximum number of layouts of our own tables for each version of the contract's stores. */
const LAYOUTS_PER_CONTRACT = 100;
/** The version of the layout of our own tables. */
const OWN_LAYOUT = 1 * LAYOUTS_PER_CONTRACT + 1;
const OWN_STORES: Readonly<Record<keyof OwnTables, string>> = {
  _rows: "key, queue, since, blocked",
  _pendingWrites: "key, at",
  _history: "++number",
  _quarantine: "++number, key, raw, rev",
  _device: "name",
};
/** The earlier names of our own tables, and the current ones. */
const RENAMED: Readonly<Record<string, keyof OwnTables>> = { _notes: "_pendingWrites", _aside: "_quarantine" };

/** Where the database stores which contract it belongs to, and the highest version that has opened it. */
const CONTRACT = "contract";
interface StoredContract {
  readonly version: number;
  readonly namespace?: string | undefined;
}

async function moveRows(transaction: Transaction): Promise<void> {
  for (const [from, to] of Object.entries(RENAMED)) {
    if (transaction.idbtrans.objectStoreNames.contains(from)) {
      await transaction.table(to).bulkAdd(await transaction.table(from).toArray());
    }
  }
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

/** The version of the database that a contract needs: a higher one has more collections, or a newer layout of our own tables. */
export function versionOf({ stores }: DatabaseContract = stronglog): number {
  return Math.max(OWN_LAYOUT, ...Object.keys(stores).map((version) => Number(version) * LAYOUTS_PER_CONTRACT));
}

/** The tables of a contract's collections, with their indexes. */
function tablesOf({ stores }: DatabaseContract): Record<string, string> {
  const paths = Object.values(stores as Readonly<Record<string, Readonly<Record<string, string>>>>).flatMap((added) => Object.entries(added));
  return Object.fromEntries(paths.map(([path, indexes]) => [tableName(path), indexes]));
}

/**
 * Creates the database object of this name without opening it, with tables for the collections of a contract. Every durable step is on disk
 * when it completes.
 */
export function makeDatabase(name: string, contract: DatabaseContract = stronglog): Database {
  const factory = globalThis.indexedDB === undefined ? {} : { indexedDB: keepingStores(indexedDB) };
  const database = new Dexie(name, { chromeTransactionDurability: "strict", ...factory }) as Database;
  // One version is enough: Dexie compares it with the tables that exist.
  database.version(versionOf(contract)).stores({ ...OWN_STORES, ...tablesOf(contract) }).upgrade(moveRows);
  database.on("blocked", () => void held.add(database));
  database.on("ready", (opened) => takeContract(database, opened as Database, contract), true);
  return database;
}

/**
 * An IndexedDB whose databases keep their stores: Dexie deletes those that are not declared, but an app may know their collections again,
 * and their records may not be synced yet.
 */
function keepingStores(real: IDBFactory): IDBFactory {
  const open = (name: string, version?: number): IDBOpenDBRequest => {
    const request = real.open(name, version);
    // Dexie's own listener is called after this one.
    request.addEventListener("upgradeneeded", () => {
      const database = request.result;
      const remove = database.deleteObjectStore.bind(database);
      database.deleteObjectStore = (store) => {
        if (store in RENAMED) {
          remove(store);
        }
      };
    });
    return request;
  };
  return { open, deleteDatabase: (name) => real.deleteDatabase(name), databases: () => real.databases(), cmp: (one, other) => real.cmp(one, other) };
}

/** Databases that another tab keeps from opening. */
const held = new WeakSet<Dexie>();
/** Why a database cannot be used with its contract. */
const refusals = new WeakMap<Dexie, string>();

/** Records the contract in the database, or refuses a database of another contract. */
async function takeContract(database: Database, opened: Database, contract: DatabaseContract): Promise<void> {
  held.delete(database);
  const known = await contractIn(opened);
  const { namespace } = contract;
  if (known?.namespace !== undefined && namespace !== undefined && known.namespace !== namespace) {
    const refusal = `the database ${JSON.stringify(database.name)} belongs to another contract; give createSync another \`name\``;
    refusals.set(database, refusal);
    throw new Error(refusal);
  }
  const version = Math.max(known?.version ?? 0, versionOf(contract));
  if (known?.version !== version || known.namespace !== (known.namespace ?? namespace)) {
    await opened._device.put({ name: CONTRACT, value: { version, namespace: known?.namespace ?? namespace } satisfies StoredContract });
  }
}

async function contractIn({ _device }: Database): Promise<StoredContract | undefined> {
  return (await _device.get(CONTRACT))?.value as StoredContract | undefined;
}

/** Whether a newer version of the app has opened the database. */
export async function isOutdated(opened: Database, contract: DatabaseContract): Promise<boolean> {
  return ((await contractIn(opened))?.version ?? 0) > versionOf(contract);
}

/** Why a database cannot be used with its contract, once that is known. */
export function refusalOf(database: Dexie): string | undefined {
  return refusals.get(database);
}

/** Waits until a database is open. Rejects if it does not open in time. The browser tells only the first page that another tab blocks it. */
export function opened(database: Dexie): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(HELD_OPEN));
    if (held.has(database)) {
      late();
      return;
    }
    const timer = setTimeout(late, OPEN_MS_MAX);
    database.on("blocked", late);
    void database
      .table("_device")
      .count()
      .then(() => resolve(), (error: unknown) => reject(new Error(refusals.get(database) ?? errorText(error))))
      .finally(() => {
        clearTimeout(timer);
        database.on("blocked").unsubscribe(late);
      });
  });
}

/** Whether the database has tables that this version of the app does not know: those of a newer version, or of an earlier one. */
export function isExtended(database: Dexie): boolean {
  return (database.backendDB()?.objectStoreNames.length ?? 0) > database.tables.length;
}

/** Whether this version of the app has the table of a row or a write. */
export function isKnown(database: Dexie, key: string): boolean {
  const { table } = partsOfKey(key);
  return database.tables.some(({ name }) => name === table);
}

/** The collections of which a table with keys `collection/id` has entries. */
export async function pathsIn(table: Table<unknown, string>): Promise<string[]> {
  const paths: string[] = [];
  for (;;) {
    const last = paths.at(-1);
    // The character after the slash is 0.
    const [key] = await table.where("key").above(last === undefined ? "" : `${last}0`).limit(1).primaryKeys();
    if (key === undefined) {
      return paths;
    }
    paths.push(partsOfKey(key).path);
  }
}

/** Counts the edits that wait, because this version of the app does not have the tables of their collections. */
export async function countUnknown(database: Database): Promise<Record<string, number>> {
  const { _rows, _pendingWrites } = database;
  const keys = await Promise.all([_rows.orderBy("queue").primaryKeys(), _pendingWrites.orderBy("at").primaryKeys()]);
  const counts: Record<string, number> = {};
  for (const { path } of keys.flat().filter((key) => !isKnown(database, key)).map(partsOfKey)) {
    counts[path] = (counts[path] ?? 0) + 1;
  }
  return counts;
}

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
