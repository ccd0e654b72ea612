// The local database: a table for each collection of the contract, which the app reads and writes, and the engine's own tables beside them.

import { Dexie, type Table } from "dexie";
import { stores } from "../../generated/typescript/stores.js";
import type { TableName } from "./api.js";

/** A row of the engine: a record as text, live or deleted, and where it stands. The tables of the app show the live ones. */
export interface StoredRow {
  /** `collection/id` */
  readonly key: string;
  /** What the engine knows beside the record: its own JSON, which nothing else reads. */
  readonly info: string;
  /** The record as JSON. */
  readonly text: string;
  /** The last resync that has seen it. Not indexed: a resync looks at every row anyway, and each pull would pay for the index. */
  readonly seen: number;
  /** Place in the order of pushes; only while it waits. */
  readonly queue?: readonly [place: number, seq: number];
  /** When the oldest waiting edit was made; only while it waits. */
  readonly since?: number;
  /** When the refused edit was made; only while it is blocked. */
  readonly blocked?: number;
}

/** The fact that the app has written a record. The engine makes an edit of it; until then it is the record's place in the outbox. */
export interface Note {
  /** `collection/id` */
  readonly key: string;
  /** When it was written, in milliseconds since the Unix epoch. Absent once the engine has refused the write. */
  readonly at?: number;
  /** Whether the app ships the record: 1 if so. */
  readonly shipped: 0 | 1;
  /** Why the engine refuses the write, and when it was made. */
  readonly refused?: { readonly problem: string; readonly at: number };
}

/** A version that lost or was deleted. */
export interface StoredPast {
  readonly number?: number;
  readonly collection: string;
  readonly text: string;
  readonly why: "lost" | "deleted";
  readonly at: number;
}

/** A change that was set quarantined. */
export interface Aside {
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

/** Values by name: the device's own row, its tokens, which tab leads. */
export interface Named {
  readonly name: string;
  readonly value: unknown;
}

/** The engine's own tables. Their names cannot be those of collections. */
export interface OwnTables {
  readonly _rows: Table<StoredRow, string>;
  readonly _notes: Table<Note, string>;
  readonly _history: Table<StoredPast, number>;
  readonly _aside: Table<Aside, number>;
  readonly _device: Table<Named, string>;
}

const OWN: Readonly<Record<keyof OwnTables, string>> = {
  _rows: "key, queue, since, blocked",
  _notes: "key, at",
  _history: "++number",
  _aside: "++number, key, raw, rev",
  _device: "name",
};

/** Names of the tables that every durable step of the engine needs. */
export const ownTables: readonly string[] = Object.keys(OWN);

/** `workout-logs` as a table's name: `workoutLogs`. */
export function tableName<Path extends string>(path: Path): TableName<Path> {
  return path.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as TableName<Path>;
}

/** The collections, by the names of their tables. */
export const pathOfTable: ReadonlyMap<string, string> = new Map(
  Object.values(stores).flatMap((brought) => Object.keys(brought).map((path) => [tableName(path), path] as const)),
);

/** The parts of a record's key. */
export function partsOfKey(key: string): { readonly path: string; readonly table: string; readonly id: string } {
  const slash = key.indexOf("/");
  const path = key.slice(0, slash);
  return { path, table: tableName(path), id: key.slice(slash + 1) };
}

/** How many versions of our own tables there can be for each version of the contract's stores. */
const VERSIONS = 100;

/** The database of this name, not open yet. Every durable step is on the disk when it is done. */
export function makeDatabase(name: string): Dexie & OwnTables {
  const database = new Dexie(name, { chromeTransactionDurability: "strict" });
  for (const [version, brought] of Object.entries(stores)) {
    const tables = Object.entries(brought).map(([path, indexes]) => [tableName(path), indexes]);
    database.version(Number(version) * VERSIONS).stores({ ...OWN, ...Object.fromEntries(tables) });
  }
  return database as Dexie & OwnTables;
}
