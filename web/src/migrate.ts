// Copies the app's database from before sync into the synced database: gives every record an id that sync can use, rewrites every
// reference, and compares each copy with its original. The old database is deleted only if nothing in it would be lost.

import { Dexie } from "dexie";
import { deterministicId, type Collection } from "../../generated/typescript/runtime/collection.js";
import { collections, namespace } from "../../generated/typescript/stores.js";
import type { Sync } from "./api.js";
import { tableName } from "./database.js";
import { newId } from "./id.js";
import { beyondRecords } from "./json.js";

/** A record of the old database. */
export interface OldRecord {
  readonly table: string;
  /** Its primary key. */
  readonly key: unknown;
}

export interface MigrateOptions {
  /** The name of the old database. */
  readonly from: string;
  /**
   * Whether to delete the old database once every record of every table is copied or ignored. By default it is kept, and it is always kept
   * if anything in it was not copied.
   */
  readonly deleteOld?: boolean | undefined;
  /** What is intentionally not copied: tables by name, and single records, such as records that an earlier call rejected. */
  readonly ignore?: readonly (string | OldRecord)[] | undefined;
}

/** The state of a migration after a call. Each call reports the complete state, including the work of earlier calls. */
export interface Migrated {
  /** The number of records of the old database that are copied, by this call or by earlier calls. */
  readonly copied: number;
  /** Records that could not be copied: they exist only in the old database. */
  readonly refused: readonly (OldRecord & { readonly record: unknown; readonly reason: string })[];
  /** Tables of which not all records were copied, with the reason. */
  readonly notCopied: readonly { readonly table: string; readonly records: number; readonly reason: string }[];
  /**
   * - `absent`: there is no database of this name, or it was deleted before.
   * - `kept`: the old database is unchanged.
   * - `deleted`: this call deleted it.
   * - `inUse`: another tab has it open, and the browser deletes it when that tab is closed.
   */
  readonly oldDatabase: "absent" | "kept" | "deleted" | "inUse";
}

type Loose = Record<string, unknown>;

/** A table of the old database that has a collection, with its records by key. */
interface OldTable {
  readonly collection: Collection;
  readonly name: string;
  readonly records: readonly { readonly key: unknown; readonly record: Loose }[];
}

interface OldDatabase {
  readonly known: readonly OldTable[];
  readonly unknown: readonly { readonly table: string; readonly records: number }[];
}

/** The new ids of old records, by their keys as JSON. References to a record remain correct even if a later call copies the record. */
interface Assigned {
  readonly key: string;
  readonly id: string;
  readonly isCopied: boolean;
}

/** The stored state of a migration, from which it can be resumed. */
interface Progress {
  /** The total number of copied records. */
  readonly copied: number;
  /** New ids by table. Empty once the old database is deleted. */
  readonly ids: Readonly<Record<string, readonly Assigned[]>>;
}

/** New ids by the old keys, as JSON. */
type Ids = ReadonlyMap<string, string>;

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
/** The key under which the database stores its migrations. */
const PROGRESS = "migrations";
/** Where an earlier version of this package listed the databases that it had copied, without ids. */
const COPIED_WITHOUT_IDS = "migrated";
/** How long other tabs may take to close the old database before it counts as in use. */
const CLOSE_MS_MAX = 1_000;
const NOTHING: Progress = { copied: 0, ids: {} };

/**
 * Copies the records of the app's old database into the database of `sync`, in one transaction. Call it at each start, as long as there may
 * be an old database: it copies what was not copied yet, and nothing twice.
 *
 * It throws if `from` names a database that cannot be the old one.
 */
export async function migrate(sync: Sync, options: MigrateOptions): Promise<Migrated> {
  // Of two tabs that start at once, the second one waits, and finds what the first one has left. Tests in Node have no locks.
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  const alone = `stronglog-sync:migrate:${options.from}`;
  return locks === undefined ? migrateAlone(sync, options) : locks.request(alone, () => migrateAlone(sync, options));
}

async function migrateAlone(sync: Sync, { from, deleteOld = false, ignore = [] }: MigrateOptions): Promise<Migrated> {
  if (from === sync.db.name) {
    throw new Error(`cannot migrate ${JSON.stringify(from)}: this is the synced database itself; give the name of the app's old database in \`from\``);
  }
  if (!(await Dexie.exists(from))) {
    const { copied } = (await progressOf(sync, from)) ?? NOTHING;
    return { copied, refused: [], notCopied: [], oldDatabase: "absent" };
  }
  const old = await readOld(from, ignore);
  const known = sync.db.table<{ readonly name: string; readonly value: readonly string[] }, string>("_device");
  if ((await known.get(COPIED_WITHOUT_IDS))?.value.includes(from) === true) {
    const reason = "an earlier version of this package copied it without recording what; compare the two, then delete the old database yourself";
    const notCopied = old.known.map(({ name, records }) => ({ table: name, records: records.length, reason }));
    return { copied: 0, refused: [], notCopied: [...notCopied, ...unknownTables(old)], oldDatabase: "kept" };
  }
  const { progress, refused } = await copy(sync, from, old);
  const notCopied = unknownTables(old);
  const isComplete = refused.length === 0 && notCopied.length === 0;
  if (!deleteOld || !isComplete || !(await isUnchanged(from, ignore, old))) {
    return { copied: progress.copied, refused, notCopied, oldDatabase: "kept" };
  }
  const oldDatabase = await deleteDatabase(from);
  await remember(sync, from, { copied: progress.copied, ids: {} });
  return { copied: progress.copied, refused, notCopied, oldDatabase };
}

function unknownTables(old: OldDatabase): Migrated["notCopied"] {
  return old.unknown.map(({ table, records }) => ({ table, records, reason: "the contract has no collection of this name; add the table to `ignore` to leave it behind" }));
}

async function progressOf(sync: Sync, from: string): Promise<Progress | undefined> {
  const row = (await sync.db.table("_device").get(PROGRESS)) as { readonly value: Readonly<Record<string, Progress>> } | undefined;
  return row?.value[from];
}

async function remember(sync: Sync, from: string, progress: Progress): Promise<void> {
  const device = sync.db.table("_device");
  const row = (await device.get(PROGRESS)) as { readonly value: Readonly<Record<string, Progress>> } | undefined;
  await device.put({ name: PROGRESS, value: { ...row?.value, [from]: progress } });
}

/** Copies the records that were not copied yet, in one transaction. */
function copy(sync: Sync, from: string, old: OldDatabase): Promise<{ readonly progress: Progress; readonly refused: Migrated["refused"] }> {
  return sync.db.transaction("rw", sync.db.tables, async () => {
    const before = (await progressOf(sync, from)) ?? NOTHING;
    const ids = new Map(old.known.map((table) => [table.collection.path, assignIds(table, before.ids[table.name] ?? [])]));
    const refused: Migrated["refused"][number][] = [];
    const assigned: Record<string, readonly Assigned[]> = { ...before.ids };
    let copied = before.copied;
    for (const table of old.known) {
      const done = new Set((before.ids[table.name] ?? []).filter(({ isCopied }) => isCopied).map(({ key }) => key));
      const { copies, refusals } = rewriteTable(table, done, ids);
      const target = sync.db.table<Loose, string>(tableName(table.collection.path));
      await target.bulkPut([...copies.values()]);
      await verify(target, [...copies.values()]);
      const own = ids.get(table.collection.path) ?? new Map<string, string>();
      assigned[table.name] = [...own].map(([key, id]) => ({ key, id, isCopied: done.has(key) || copies.has(key) }));
      refused.push(...refusals);
      copied += copies.size;
    }
    const progress = { copied, ids: assigned };
    await remember(sync, from, progress);
    return { progress, refused };
  });
}

/** The copies of a table's records that were not copied yet, by old key, and the records that cannot be copied. */
function rewriteTable(
  { collection, name, records }: OldTable,
  done: ReadonlySet<string>,
  ids: ReadonlyMap<string, Ids>,
): { readonly copies: ReadonlyMap<string, Loose>; readonly refusals: Migrated["refused"] } {
  const own: Ids = ids.get(collection.path) ?? new Map();
  const taken = new Set([...done].map((key) => own.get(key)));
  const copies = new Map<string, Loose>();
  const refusals: Migrated["refused"][number][] = [];
  for (const { key, record } of records) {
    const text = JSON.stringify(key);
    const id = own.get(text) ?? newId();
    if (done.has(text)) {
      continue;
    }
    const copy = taken.has(id) ? `has the same id as another record of the table: ${id}` : copyOf(record, id, collection, ids);
    if (typeof copy === "string") {
      refusals.push({ table: name, key, record, reason: copy });
    } else {
      taken.add(id);
      copies.set(text, copy);
    }
  }
  return { copies, refusals };
}

/** The new id of each record of a table, and of records that were copied before. */
function assignIds({ collection, records }: OldTable, before: readonly Assigned[]): Ids {
  const ids = new Map(before.map(({ key, id }) => [key, id]));
  for (const { key, record } of records) {
    const text = JSON.stringify(key);
    ids.set(text, ids.get(text) ?? idOf(key, record, collection));
  }
  return ids;
}

async function readOld(name: string, ignore: NonNullable<MigrateOptions["ignore"]>): Promise<OldDatabase> {
  const database = await new Dexie(name).open();
  try {
    const names = database.tables.map((table) => table.name);
    const collectionsOf = new Map(names.map((table) => [table, collectionOf(table, names)]));
    if (names.includes("_rows") && names.includes("_device")) {
      throw new Error(`cannot migrate ${JSON.stringify(name)}: it is a synced database; give the name of the app's old database in \`from\``);
    }
    if ([...collectionsOf.values()].every((collection) => collection === undefined)) {
      const tables = names.length === 0 ? "it has no tables" : `its tables are ${names.join(", ")}`;
      throw new Error(`cannot migrate ${JSON.stringify(name)}: the contract knows none of its tables (${tables}); check the name in \`from\``);
    }
    const ignored = new Set(ignore.map((entry) => (typeof entry === "string" ? entry : keyOf(entry))));
    const known: OldTable[] = [];
    const unknown: { table: string; records: number }[] = [];
    for (const table of database.tables.filter((table) => !ignored.has(table.name))) {
      const collection = collectionsOf.get(table.name);
      const [keys, values] = await Promise.all([table.toCollection().primaryKeys(), table.toArray()]);
      const records = (keys as readonly unknown[]).map((key, index) => ({ key, record: values[index] as Loose }));
      const kept = records.filter(({ key }) => !ignored.has(keyOf({ table: table.name, key })));
      if (collection !== undefined) {
        known.push({ collection, name: table.name, records: kept });
      } else if (kept.length > 0) {
        unknown.push({ table: table.name, records: kept.length });
      }
    }
    return { known, unknown };
  } finally {
    database.close();
  }
}

/** The identity of a record of the old database as one text. Table names do not contain line breaks. */
function keyOf({ table, key }: OldRecord): string {
  return `${table}\n${JSON.stringify(key)}`;
}

/** Whether the old database is unchanged since it was read. */
async function isUnchanged(name: string, ignore: NonNullable<MigrateOptions["ignore"]>, before: OldDatabase): Promise<boolean> {
  return canonical(await readOld(name, ignore)) === canonical(before);
}

/** Deletes a database. If another tab has it open, it is deleted when that tab is closed; this function does not wait for that. */
function deleteDatabase(name: string): Promise<"deleted" | "inUse"> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve("deleted");
    // Tabs that close the database on request need a moment, and so does the connection that has read it.
    request.onblocked = () => setTimeout(() => resolve("inUse"), CLOSE_MS_MAX);
    request.onerror = () => reject(new Error(`cannot delete the old database ${JSON.stringify(name)}: ${request.error?.message ?? "the browser gave no reason"}; everything in it is copied`));
  });
}

/** The collection of an old table. A table may have the singular name, unless there is also a table with the plural name. */
function collectionOf(table: string, names: readonly string[]): Collection | undefined {
  const plural = `${table}s`;
  return collections.find(({ path }) => tableName(path) === table || (tableName(path) === plural && !names.includes(plural)));
}

/**
 * The new id of a record. A UUID is kept. Singletons and shipped records get an id that is the same on all devices, so that the second
 * device to migrate creates no duplicates. A number becomes a new UUID.
 */
function idOf(key: unknown, record: Loose, { path, singleton, naturalKey }: Collection): string {
  if (singleton !== undefined) {
    return deterministicId(namespace, path, singleton);
  }
  // A record of another app may be any value.
  const natural = naturalKey === undefined ? undefined : (record as Loose | null | undefined)?.[naturalKey];
  if (typeof natural === "string" && record["isCustom"] === false) {
    return deterministicId(namespace, path, natural);
  }
  const text = String(key).toLowerCase();
  return UUID.test(text) ? text : newId();
}

/** A record with its new id, and with every reference updated. */
function rewritten(record: Loose, id: string, collection: Collection, ids: ReadonlyMap<string, Ids>): Loose {
  const copy = structuredClone(record);
  for (const { path, collection: target } of collection.references) {
    follow(copy, path, ids.get(target) ?? new Map());
  }
  return { ...copy, id, clientCreatedAt: copy["clientCreatedAt"] ?? Date.now(), clientUpdatedAt: 0, isDeleted: false };
}

/**
 * Rewrites the ids at the end of a path: `*` is every item or entry, and `{key}` every key of a map, in which the id follows the last full
 * stop.
 */
function follow(value: unknown, path: readonly string[], ids: Ids): void {
  const [step, ...rest] = path;
  if (typeof value !== "object" || value === null || step === undefined) {
    return;
  }
  const object = value as Loose;
  if (step === "{key}") {
    for (const [key, entry] of Object.entries(object)) {
      const dot = key.lastIndexOf(".") + 1;
      const id = newIdOf(key.slice(dot), ids);
      if (id !== undefined) {
        Reflect.deleteProperty(object, key);
        object[key.slice(0, dot) + id] = entry;
      }
    }
    return;
  }
  for (const name of step === "*" ? Object.keys(object) : [step]) {
    if (rest.length > 0) {
      follow(object[name], rest, ids);
    } else if (name in object) {
      object[name] = newIdOf(object[name], ids) ?? object[name];
    }
  }
}

/** The new id for an old key. A map key is a text even if the id was a number. */
function newIdOf(key: unknown, ids: Ids): string | undefined {
  return ids.get(JSON.stringify(key)) ?? (typeof key === "string" && /^\d+$/.test(key) ? ids.get(key) : undefined);
}

/** The copy of a record, or why there can be none. */
function copyOf(record: Loose, id: string, collection: Collection, ids: ReadonlyMap<string, Ids>): Loose | string {
  const unfit = [...beyondRecords(record)];
  if (unfit.length > 0) {
    return unfit.map(({ pointer, message }) => `${pointer || "the record"} ${message}`).join("; ");
  }
  if (record["isDeleted"] === true) {
    return "is deleted: /isDeleted is true";
  }
  const copy = rewritten(record, id, collection, ids);
  const judged = collection.schema.safeParse(copy);
  return judged.success ? copy : judged.error.issues.map((issue) => `/${issue.path.join("/")} ${issue.message}`).join("; ");
}

/** Reads the copies, and compares them with their originals. */
async function verify(table: { bulkGet(keys: string[]): PromiseLike<(Loose | undefined)[]> }, copies: readonly Loose[]): Promise<void> {
  const stored = await table.bulkGet(copies.map((copy) => copy["id"] as string));
  copies.forEach((copy, index) => {
    const { clientUpdatedAt: _, ...expected } = copy;
    const { clientUpdatedAt: __, ...found } = stored[index] ?? {};
    if (canonical(found) !== canonical(expected)) {
      throw new Error(`cannot migrate ${String(copy["id"])}: its copy differs from the original; nothing was copied, and the old database is as it was`);
    }
  });
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
