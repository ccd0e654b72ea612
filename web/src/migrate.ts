// Copies the app's database from before sync into the synced database: gives every record an id that sync can use, rewrites every
// reference, and compares each copy with its original. The old database is deleted only if nothing in it would be lost.

import { Dexie } from "dexie";
import { violations } from "../../generated/typescript/runtime/report.js";
import { deterministicId, type Collection } from "../../generated/typescript/runtime/collection.js";
import type { PageContract } from "./contract.js";
import { tableName, type Database } from "./database.js";
import { newId } from "./id.js";
import { beyondRecords } from "./json.js";
import { textOfKey, textsOfJson } from "./keys.js";
import { contractOf, IMPORTED_STAMP, isShipped, putImported, singletonId } from "./writes.js";

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
  /** Data that is intentionally not copied: tables by name, and single records, such as records that an earlier call rejected. */
  readonly ignore?: readonly (string | OldRecord)[] | undefined;
}

/** The state of a migration after a call. Each call reports the complete state, including the work of earlier calls. */
export interface Migrated {
  /**
   * The number of records of the old database that are copied, by this call or by earlier calls. Where the synced database has another
   * version of a record already, or has deleted it, the old version is copied to the history: `conflicts()` lists it.
   */
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
  readonly records: readonly { readonly key: unknown; readonly text: string; readonly record: Loose }[];
}

interface OldDatabase {
  readonly known: readonly OldTable[];
  readonly unknown: readonly { readonly table: string; readonly records: number }[];
}

/** The new id of an old record. References to a record remain correct even if a later call copies the record. */
interface Assigned {
  /** The text of the record's key. */
  readonly key: string;
  readonly id: string;
  readonly isCopied: boolean;
}

/** The stored state of a migration, from which it can be resumed. */
interface Progress {
  /** The total number of copied records. */
  readonly copied: number;
  /** New ids by table. Empty once the old database is deleted. */
  readonly records: Readonly<Record<string, readonly Assigned[]>>;
}

/** The state as an earlier version of this package stored it. */
interface EarlierProgress {
  readonly copied: number;
  /** New ids by table, with the keys as JSON. */
  readonly ids: Readonly<Record<string, readonly Assigned[]>>;
}

/** The parts of the synced database that a migration needs. */
interface Synced {
  readonly database: Database;
  readonly contract: PageContract;
}

/** New ids by the texts of the old keys. */
type Ids = ReadonlyMap<string, string>;

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
/** The key under which the database stores its migrations. */
const PROGRESS = "migrations";
/** Where an earlier version of this package listed the databases that it had copied, without ids. */
const COPIED_WITHOUT_IDS = "migrated";
/** How long other tabs may take to close the old database before it counts as in use. */
const CLOSE_MS_MAX = 1_000;
const NOTHING: Progress = { copied: 0, records: {} };

/**
 * Copies the records of the app's old database into the database of `sync`, in one transaction. Call it at each start, as long as there may
 * be an old database: it copies what was not copied yet, and nothing twice. The copies are older than every edit: a version that the user
 * has edited since, here or on another device, wins over them.
 *
 * It throws if `from` names a database that cannot be the old one.
 */
export async function migrate(sync: { readonly db: Dexie }, options: MigrateOptions): Promise<Migrated> {
  const synced = { database: sync.db as Database, contract: contractOf(sync.db) };
  // If two tabs start at once, the second one waits and continues from the result of the first. Tests in Node have no locks.
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  const alone = `stronglog-sync:migrate:${options.from}`;
  return locks === undefined ? migrateAlone(synced, options) : locks.request(alone, () => migrateAlone(synced, options));
}

async function migrateAlone(synced: Synced, { from, deleteOld = false, ignore = [] }: MigrateOptions): Promise<Migrated> {
  const { database, contract } = synced;
  if (from === database.name) {
    throw new Error(`cannot migrate ${JSON.stringify(from)}: this is the synced database itself; give the name of the app's old database in \`from\``);
  }
  if (!(await Dexie.exists(from))) {
    const { copied } = (await storedProgress(database))[from] ?? NOTHING;
    return { copied, refused: [], notCopied: [], oldDatabase: "absent" };
  }
  const old = await readOld(from, ignore, contract);
  const known = (await database._device.get(COPIED_WITHOUT_IDS))?.value as readonly string[] | undefined;
  if (known?.includes(from) === true) {
    const reason = "an earlier version of this package copied it without recording what; compare the two, then delete the old database yourself";
    const notCopied = old.known.map(({ name, records }) => ({ table: name, records: records.length, reason }));
    return { copied: 0, refused: [], notCopied: [...notCopied, ...unknownTables(old)], oldDatabase: "kept" };
  }
  const { progress, refused } = await copy(synced, from, old);
  const notCopied = unknownTables(old);
  const isComplete = refused.length === 0 && notCopied.length === 0 && old.known.every((table) => isCopied(table, progress));
  if (!deleteOld || !isComplete || canonical(await readOld(from, ignore, contract)) !== canonical(old)) {
    return { copied: progress.copied, refused, notCopied, oldDatabase: "kept" };
  }
  const oldDatabase = await deleteDatabase(from);
  await remember(database, from, { copied: progress.copied, records: {} });
  return { copied: progress.copied, refused, notCopied, oldDatabase };
}

function unknownTables(old: OldDatabase): Migrated["notCopied"] {
  return old.unknown.map(({ table, records }) => ({ table, records, reason: "the contract has no collection of this name; add the table to `ignore` to leave it behind" }));
}

/** Whether there are as many copies as records: the last check before the old database is deleted. */
function isCopied({ name, records }: OldTable, progress: Progress): boolean {
  const copied = new Set((progress.records[name] ?? []).filter(({ isCopied }) => isCopied).map(({ key }) => key));
  return records.filter(({ text }) => copied.delete(text)).length === records.length;
}

async function storedProgress(database: Database): Promise<Readonly<Record<string, Progress | EarlierProgress>>> {
  return ((await database._device.get(PROGRESS))?.value ?? {}) as Readonly<Record<string, Progress | EarlierProgress>>;
}

/** The progress of a migration, with keys in the current format. */
async function progressOf(database: Database, from: string, old: OldDatabase): Promise<Progress> {
  const stored = (await storedProgress(database))[from] ?? NOTHING;
  if ("records" in stored) {
    return stored;
  }
  const records = old.known.map(({ name, records }) => {
    const textOf = textsOfJson(records.map(({ key }) => key));
    const assigned = (stored.ids[name] ?? []).flatMap(({ key, ...rest }) => {
      const text = textOf(key);
      return text === undefined ? [] : [{ key: text, ...rest }];
    });
    return [name, assigned] as const;
  });
  return { copied: stored.copied, records: Object.fromEntries(records) };
}

async function remember(database: Database, from: string, progress: Progress): Promise<void> {
  await database._device.put({ name: PROGRESS, value: { ...(await storedProgress(database)), [from]: progress } });
}

/** Copies the records that were not copied yet, in one transaction. */
function copy(synced: Synced, from: string, old: OldDatabase): Promise<{ readonly progress: Progress; readonly refused: Migrated["refused"] }> {
  const { database, contract } = synced;
  return database.transaction("rw", database.tables, async () => {
    const before = await progressOf(database, from, old);
    const ids = new Map(old.known.map((table) => [table.collection.path, assignIds(table, before.records[table.name] ?? [], contract)]));
    const refused: Migrated["refused"][number][] = [];
    const assigned: Record<string, readonly Assigned[]> = { ...before.records };
    let copied = before.copied;
    for (const table of old.known) {
      const done = new Set((before.records[table.name] ?? []).filter(({ isCopied }) => isCopied).map(({ key }) => key));
      const { copies, rejections } = rewriteTable(table, done, ids);
      await add(database, table.collection.path, [...copies.values()]);
      const own = ids.get(table.collection.path) ?? new Map<string, string>();
      assigned[table.name] = [...own].map(([key, id]) => ({ key, id, isCopied: done.has(key) || copies.has(key) }));
      refused.push(...rejections);
      copied += copies.size;
    }
    const progress = { copied, records: assigned };
    await remember(database, from, progress);
    return { progress, refused };
  });
}

/** Adds the copies. Where there is another version that does not ship with the app, that one stays, and the copy goes to the history. */
async function add(database: Database, path: string, copies: readonly Loose[]): Promise<void> {
  const table = database.table<Loose, string>(tableName(path));
  const keys = copies.map((copy) => `${path}/${String(copy["id"])}`);
  const [current, rows, writes, quarantined] = await Promise.all([
    table.bulkGet(copies.map((copy) => copy["id"] as string)),
    database._rows.bulkGet(keys),
    database._pendingWrites.bulkGet(keys),
    database._quarantine.where("key").anyOf(keys).toArray(),
  ]);
  const unread = new Set(quarantined.map(({ key }) => key));
  const isTaken = (_: Loose, index: number): boolean => {
    const isEdited = current[index] === undefined ? (rows[index] ?? writes[index]) !== undefined : !isShipped(current[index]);
    return isEdited || unread.has(keys[index] ?? null);
  };
  const added = copies.filter((copy, index) => !isTaken(copy, index));
  const lost = copies.filter((copy, index) => isTaken(copy, index) && content(copy) !== content(current[index] ?? {}));
  await database._history.bulkAdd(lost.map((copy) => ({ collection: path, text: JSON.stringify(copy), why: "lost", at: Date.now() })));
  await putImported(table, added);
  await verify(table, added);
}

/** The copies of a table's records that were not copied yet, by old key, and the records that cannot be copied. */
function rewriteTable(
  { collection, name, records }: OldTable,
  done: ReadonlySet<string>,
  ids: ReadonlyMap<string, Ids>,
): { readonly copies: ReadonlyMap<string, Loose>; readonly rejections: Migrated["refused"] } {
  const own: Ids = ids.get(collection.path) ?? new Map();
  const taken = new Set([...done].map((key) => own.get(key)));
  const copies = new Map<string, Loose>();
  const rejections: Migrated["refused"][number][] = [];
  for (const { key, text, record } of records) {
    const id = own.get(text) ?? newId();
    if (done.has(text)) {
      continue;
    }
    const copy = taken.has(id) ? `has the same id as another record of the table: ${id}` : copyOf(record, id, collection, ids);
    if (typeof copy === "string") {
      rejections.push({ table: name, key, record, reason: copy });
    } else {
      taken.add(id);
      copies.set(text, copy);
    }
  }
  return { copies, rejections };
}

/** The new id of each record of a table, and of records that were copied before. */
function assignIds({ collection, records }: OldTable, before: readonly Assigned[], contract: PageContract): Ids {
  const ids = new Map(before.map(({ key, id }) => [key, id]));
  for (const { key, text, record } of records) {
    ids.set(text, ids.get(text) ?? idOf(key, record, collection, contract));
  }
  return ids;
}

async function readOld(name: string, ignore: NonNullable<MigrateOptions["ignore"]>, { collections }: PageContract): Promise<OldDatabase> {
  const database = await new Dexie(name).open();
  try {
    const names = database.tables.map((table) => table.name);
    const collectionsOf = new Map(names.map((table) => [table, collectionOf(table, names, collections)]));
    if (names.includes("_rows") && names.includes("_device")) {
      throw new Error(`cannot migrate ${JSON.stringify(name)}: it is a synced database; give the name of the app's old database in \`from\``);
    }
    if ([...collectionsOf.values()].every((collection) => collection === undefined)) {
      const tables = names.length === 0 ? "it has no tables" : `its tables are ${names.join(", ")}`;
      throw new Error(`cannot migrate ${JSON.stringify(name)}: the contract has none of its tables (${tables}); check the name in \`from\``);
    }
    const ignored = new Set(ignore.map((entry) => (typeof entry === "string" ? entry : keyOf(entry))));
    const known: OldTable[] = [];
    const unknown: { table: string; records: number }[] = [];
    for (const table of database.tables.filter((table) => !ignored.has(table.name))) {
      const collection = collectionsOf.get(table.name);
      const [keys, values] = await Promise.all([table.toCollection().primaryKeys(), table.toArray()]);
      const records = (keys as readonly unknown[]).map((key, index) => ({ key, text: textOfKey(key) ?? "", record: values[index] as Loose }));
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
  return `${table}\n${textOfKey(key) ?? ""}`;
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
function collectionOf(table: string, names: readonly string[], collections: readonly Collection[]): Collection | undefined {
  const plural = `${table}s`;
  return collections.find(({ path }) => tableName(path) === table || (tableName(path) === plural && !names.includes(plural)));
}

/**
 * The new id of a record. A UUID is kept. Singletons and shipped records get an id that is the same on all devices, so that the second
 * device to migrate creates no duplicates. A number becomes a new UUID.
 */
function idOf(key: unknown, record: Loose, { path, singleton, naturalKey }: Collection, { namespace }: PageContract): string {
  if (singleton !== undefined) {
    return singletonId(namespace, path, singleton);
  }
  // A record of the old database may be any value.
  const natural = naturalKey === undefined ? undefined : (record as Loose | null | undefined)?.[naturalKey];
  if (typeof natural === "string" && record["isCustom"] === false && namespace !== undefined) {
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
  return { ...copy, id, clientCreatedAt: copy["clientCreatedAt"] ?? Date.now(), clientUpdatedAt: IMPORTED_STAMP, isDeleted: false };
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
  const text = textOfKey(key);
  return text === undefined ? undefined : (ids.get(text) ?? ids.get(text.replace(/^text:(?=\d+$)/, "number:")));
}

/** The copy of a record, or the reason why it cannot be copied. */
function copyOf(record: Loose, id: string, collection: Collection, ids: ReadonlyMap<string, Ids>): Loose | string {
  const isRecord = typeof record === "object" && record !== null && !Array.isArray(record);
  // The key and the references of the old record may be values that JSON cannot hold; those of the copy must not be.
  const rewrittenOne = isRecord ? rewritten(record, id, collection, ids) : record;
  const unfit = [...beyondRecords(rewrittenOne)];
  if (unfit.length > 0) {
    return unfit.map(({ pointer, message }) => `${pointer || "the record"} ${message}`).join("; ");
  }
  if (record["isDeleted"] === true) {
    return "is deleted: /isDeleted is true";
  }
  const copy = JSON.parse(JSON.stringify(rewrittenOne)) as Loose;
  const result = collection.schema.safeParse(copy);
  return result.success ? copy : violations(result.error).map(({ pointer, message }) => `${pointer || "the record"} ${message}`).join("; ");
}

/** Reads the copies, and compares them with their originals. */
async function verify(table: { bulkGet(keys: string[]): PromiseLike<(Loose | undefined)[]> }, copies: readonly Loose[]): Promise<void> {
  const stored = await table.bulkGet(copies.map((copy) => copy["id"] as string));
  copies.forEach((copy, index) => {
    const { clientUpdatedAt: _, ...expected } = copy;
    const { clientUpdatedAt: __, ...found } = stored[index] ?? {};
    if (canonical(found) !== canonical(expected)) {
      throw new Error(`cannot migrate ${String(copy["id"])}: its copy differs from the original; nothing was copied, and the old database is unchanged`);
    }
  });
}

/** The content of a version, without the members that sync sets. */
function content(record: Loose): string {
  const { clientCreatedAt: _, clientUpdatedAt: __, serverId: ___, serverUpdatedAt: ____, ...rest } = record;
  return canonical(rest);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
