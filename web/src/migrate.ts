// Copies the app's database from before sync into the synced database: gives every record an id that sync can use, rewrites every
// reference, and compares each copy with its original. The old database is deleted only if nothing in it would be lost.

import { Dexie } from "dexie";
import { deterministicId, type Collection } from "../../generated/typescript/runtime/collection.js";
import type { PageContract } from "./contract.js";
import { opened, tableName, type Database } from "./database.js";
import { errorText } from "./error.js";
import { newId } from "./id.js";
import { textOfKey, textsOfJson } from "./keys.js";
import { CLOSE_MS_MAX, deleteOldDatabase, OPEN_OLD_MS_MAX, readOldDatabase, type OldContentTable } from "./old.js";
import { completed, contractOf, IMPORTED_STAMP, isShipped, putImported, singletonId } from "./writes.js";

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
   * version of a record already, or has deleted it, the old version is copied to the history: `conflicts()` lists it. A record that was
   * changed in the old database since it was copied is copied again.
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
   * - `inUse`: another tab has it open. It is deleted when that tab is closed, or by a later call, if everything in it is still copied.
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
  /** The digest of the content that was copied. Earlier versions of this package stored none. */
  readonly digest?: string | undefined;
  /** The stamp of the newest copy: each copy of the same record has a later one, and every edit is newer. */
  readonly stamp?: number | undefined;
}

/** The copy of an old record. */
interface Copy {
  readonly record: Loose;
  readonly digest: string;
}

/** The stored state of a migration, from which it can be resumed. */
interface Progress {
  /** The total number of copied records. */
  readonly copied: number;
  /** New ids by table. Empty once the old database is deleted. */
  readonly records: Readonly<Record<string, readonly Assigned[]>>;
  /** Whether everything is copied, and the old database is being deleted. */
  readonly isDeleting?: boolean;
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
const NOTHING: Progress = { copied: 0, records: {} };

/**
 * Copies the records of the app's old database into the database of `sync`, in one transaction. Call it at each start, as long as there may
 * be an old database: it copies what was not copied yet or has changed since, and nothing twice. The copies are older than every edit: a
 * version that the user has edited since, here or on another device, wins over them.
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
  await opened(database).catch((error: unknown) => {
    throw new Error(`cannot migrate ${JSON.stringify(from)}: ${errorText(error)}`);
  });
  const before = (await storedProgress(database))[from] ?? NOTHING;
  const isDeleting = "isDeleting" in before;
  const content = await readOldDatabase(from, isDeleting ? CLOSE_MS_MAX : OPEN_OLD_MS_MAX);
  if (content === "absent" || (content === "inUse" && isDeleting)) {
    await (content === "absent" && isDeleting && remember(database, from, { copied: before.copied, records: {} }));
    return { copied: before.copied, refused: [], notCopied: [], oldDatabase: content };
  }
  if (content === "inUse") {
    throw new Error(`cannot migrate ${JSON.stringify(from)}: another tab is changing or deleting it; close the app's other tabs, and try again`);
  }
  const old = sortTables(from, content.tables, ignore, contract);
  const known = (await database._device.get(COPIED_WITHOUT_IDS))?.value as readonly string[] | undefined;
  if (known?.includes(from) === true) {
    const reason = "an earlier version of this package copied it without recording what; compare the two, then delete the old database yourself";
    const notCopied = old.known.map(({ name, records }) => ({ table: name, records: records.length, reason }));
    return { copied: 0, refused: [], notCopied: [...notCopied, ...unknownTables(old)], oldDatabase: "kept" };
  }
  const { progress, refused } = await copy(synced, from, old);
  const notCopied = unknownTables(old);
  const isComplete = refused.length === 0 && notCopied.length === 0 && old.known.every((table) => isCopied(table, progress));
  if (!deleteOld || !isComplete) {
    return { copied: progress.copied, refused, notCopied, oldDatabase: "kept" };
  }
  await remember(database, from, { ...progress, isDeleting: true });
  const copied = canonicalContent(old);
  const isUnchanged = (tables: readonly OldContentTable[]): boolean => canonicalContent(sortTables(from, tables, ignore, contract)) === copied;
  const oldDatabase = await deleteOldDatabase(from, content.version, ({ tables }) => isUnchanged(tables));
  await (oldDatabase !== "inUse" && remember(database, from, oldDatabase === "kept" ? progress : { copied: progress.copied, records: {} }));
  return { copied: progress.copied, refused, notCopied, oldDatabase };
}

function unknownTables(old: OldDatabase): Migrated["notCopied"] {
  return old.unknown.map(({ table, records }) => ({ table, records, reason: "the contract has no collection of this name; add the table to `ignore` to leave it behind" }));
}

/** Whether there are as many copies as records: the last check before the old database is deleted. */
function isCopied({ name, records }: OldTable, progress: Progress): boolean {
  const copied = new Set((progress.records[name] ?? []).filter(({ isCopied, digest }) => isCopied && digest !== undefined).map(({ key }) => key));
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

/** The copies of one table's records, and what is recorded about them. */
interface Plan {
  readonly path: string;
  readonly name: string;
  /** The copies that are not in the synced database yet. */
  readonly changed: readonly Loose[];
  /** The ids of those that replace an earlier copy. */
  readonly again: ReadonlySet<unknown>;
  readonly assigned: readonly Assigned[];
  readonly copied: number;
  readonly rejections: Migrated["refused"];
}

/** Copies the records that were not copied yet or that have changed since, in one transaction. */
async function copy(synced: Synced, from: string, old: OldDatabase): Promise<{ readonly progress: Progress; readonly refused: Migrated["refused"] }> {
  const { database, contract } = synced;
  for (;;) {
    const before = await progressOf(database, from, old);
    const ids = new Map(old.known.map((table) => [table.collection.path, assignIds(table, before.records[table.name] ?? [], contract)]));
    const plans = await Promise.all(old.known.map((table) => plan(table, before.records[table.name] ?? [], ids, contract)));
    const records = { ...before.records, ...Object.fromEntries(plans.map(({ name, assigned }) => [name, assigned])) };
    const progress = { copied: plans.reduce((sum, { copied }) => sum + copied, before.copied), records };
    const isDone = await database.transaction("rw", database.tables, async () => {
      if (JSON.stringify(await progressOf(database, from, old)) !== JSON.stringify(before)) {
        // Another tab has copied in the meantime.
        return false;
      }
      for (const { path, changed, again } of plans) {
        await add(database, path, changed, again);
      }
      await remember(database, from, progress);
      return true;
    });
    if (isDone) {
      return { progress, refused: plans.flatMap(({ rejections }) => rejections) };
    }
  }
}

async function plan(table: OldTable, before: readonly Assigned[], ids: ReadonlyMap<string, Ids>, contract: PageContract): Promise<Plan> {
  const { path } = table.collection;
  const known = new Map(before.map((entry) => [entry.key, entry]));
  const isKnown = (key: string): boolean => known.get(key)?.isCopied === true;
  const { rewritten, rejections } = rewriteTable(table, known, ids, contract);
  const copies = await digested(rewritten);
  const now = new Map([...copies].map(([key, copy]) => [key, assign(known.get(key), copy, key)]));
  const changed = [...copies].filter(([key, { digest }]) => known.get(key)?.digest !== digest);
  const own = ids.get(path) ?? new Map<string, string>();
  return {
    path,
    name: table.name,
    changed: changed.map(([key, { record }]) => ({ ...record, clientUpdatedAt: now.get(key)?.stamp })),
    again: new Set(changed.filter(([key]) => isKnown(key)).map(([, { record }]) => record["id"])),
    assigned: [...own].map(([key, id]) => now.get(key) ?? known.get(key) ?? { key, id, isCopied: false }),
    copied: [...copies.keys()].filter((key) => !isKnown(key)).length,
    rejections,
  };
}

/** What is recorded about a record that is copied. */
function assign(known: Assigned | undefined, { record, digest }: Copy, key: string): Assigned {
  const last = known?.isCopied === true ? (known.stamp ?? IMPORTED_STAMP) : IMPORTED_STAMP - 1;
  return { key, id: record["id"] as string, isCopied: true, digest, stamp: known?.digest === digest ? last : last + 1 };
}

/** Adds the digests of the copies' content. Members that are not part of the original are not part of its content. */
async function digested(rewritten: ReadonlyMap<string, { readonly copy: Loose; readonly original: Loose }>): Promise<ReadonlyMap<string, Copy>> {
  const copies = [...rewritten].map(async ([key, { copy, original }]) => {
    const text = canonical({ ...copy, clientUpdatedAt: 0, clientCreatedAt: original["clientCreatedAt"] });
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    return [key, { record: copy, digest: btoa(String.fromCharCode(...bytes)) }] as const;
  });
  return new Map(await Promise.all(copies));
}

/**
 * Adds the copies. Where there is another version that is not older, that one stays, and the copy goes to the history. So does the copy of a
 * record that was copied `again` and is not there any more: the user has deleted it.
 */
async function add(database: Database, path: string, copies: readonly Loose[], again: ReadonlySet<unknown>): Promise<void> {
  const table = database.table<Loose, string>(tableName(path));
  const keys = copies.map((copy) => `${path}/${String(copy["id"])}`);
  const [current, rows, writes, quarantined] = await Promise.all([
    table.bulkGet(copies.map((copy) => copy["id"] as string)),
    database._rows.bulkGet(keys),
    database._pendingWrites.bulkGet(keys),
    database._quarantine.where("key").anyOf(keys).toArray(),
  ]);
  const unread = new Set(quarantined.map(({ key }) => key));
  const isTaken = (copy: Loose, index: number): boolean => {
    const found = current[index];
    const isDeleted = found === undefined && (again.has(copy["id"]) || (rows[index] ?? writes[index]) !== undefined);
    const isNewer = found !== undefined && (found["clientUpdatedAt"] as number) >= (copy["clientUpdatedAt"] as number);
    return isDeleted || isNewer || unread.has(keys[index] ?? null);
  };
  const lost = copies.flatMap((copy, index) => {
    const found = current[index];
    const isOther = content(copy) !== content(found ?? {});
    // The engine keeps the versions that it has seen.
    const isUnseen = found !== undefined && !isShipped(found) && writes[index]?.at !== undefined;
    return !isOther ? [] : isTaken(copy, index) ? [copy] : isUnseen ? [found] : [];
  });
  const added = copies.filter((copy, index) => !isTaken(copy, index));
  await database._history.bulkAdd(lost.map((version) => ({ collection: path, text: JSON.stringify(version), why: "lost", at: Date.now() })));
  await putImported(table, added);
  await verify(table, added);
}

/** The copies of a table's records, by old key, and the records that cannot be copied. */
function rewriteTable(
  { collection, name, records }: OldTable,
  known: ReadonlyMap<string, Assigned>,
  ids: ReadonlyMap<string, Ids>,
  { namespace }: PageContract,
): { readonly rewritten: ReadonlyMap<string, { readonly copy: Loose; readonly original: Loose }>; readonly rejections: Migrated["refused"] } {
  const own: Ids = ids.get(collection.path) ?? new Map();
  const isDone = (text: string): boolean => known.get(text)?.isCopied === true;
  const taken = new Set(records.filter(({ text }) => isDone(text)).map(({ text }) => own.get(text)));
  const rewritten = new Map<string, { copy: Loose; original: Loose }>();
  const rejections: Migrated["refused"][number][] = [];
  for (const { key, text, record } of records) {
    const id = own.get(text) ?? newId();
    const isSecond = !isDone(text) && taken.has(id);
    const hasOtherId = Object.hasOwn(Object(record) as object, "id") && textOfKey(record["id"]) !== text;
    const problem = isSecond
      ? `has the same id as another record of the table: ${id}`
      : hasOtherId && "/id is not the key of the record, and would be lost; give the member another name";
    const copy = problem || copyOf(record, id, collection, ids, namespace);
    if (typeof copy === "string") {
      rejections.push({ table: name, key, record, reason: copy });
    } else {
      taken.add(id);
      rewritten.set(text, { copy, original: record });
    }
  }
  return { rewritten, rejections };
}

/** The new id of each record of a table, and of records that were copied before. */
function assignIds({ collection, records }: OldTable, before: readonly Assigned[], contract: PageContract): Ids {
  const ids = new Map(before.map(({ key, id }) => [key, id]));
  for (const { key, text, record } of records) {
    ids.set(text, ids.get(text) ?? idOf(key, record, collection, contract));
  }
  return ids;
}

/** Sorts the tables of the old database into those that have a collection and those that have none. */
function sortTables(from: string, tables: readonly OldContentTable[], ignore: NonNullable<MigrateOptions["ignore"]>, { collections }: PageContract): OldDatabase {
  const names = tables.map((table) => table.name);
  const collectionsOf = new Map(names.map((table) => [table, collectionOf(table, names, collections)]));
  if (names.includes("_rows") && names.includes("_device")) {
    throw new Error(`cannot migrate ${JSON.stringify(from)}: it is a synced database; give the name of the app's old database in \`from\``);
  }
  if ([...collectionsOf.values()].every((collection) => collection === undefined)) {
    const found = names.length === 0 ? "it has no tables" : `its tables are ${names.join(", ")}`;
    throw new Error(`cannot migrate ${JSON.stringify(from)}: the contract has none of its tables (${found}); check the name in \`from\``);
  }
  const ignored = new Set(ignore.map((entry) => (typeof entry === "string" ? entry : keyOf(entry))));
  const known: OldTable[] = [];
  const unknown: { table: string; records: number }[] = [];
  for (const { name, keys, values } of tables.filter((table) => !ignored.has(table.name))) {
    const collection = collectionsOf.get(name);
    const records = keys.map((key, index) => ({ key, text: textOfKey(key) ?? "", record: values[index] as Loose }));
    const kept = records.filter(({ key }) => !ignored.has(keyOf({ table: name, key })));
    if (collection !== undefined) {
      known.push({ collection, name, records: kept });
    } else if (kept.length > 0) {
      unknown.push({ table: name, records: kept.length });
    }
  }
  return { known, unknown };
}

/** The identity of a record of the old database as one text. Table names do not contain line breaks. */
function keyOf({ table, key }: OldRecord): string {
  return `${table}\n${textOfKey(key) ?? ""}`;
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
  return { ...copy, id };
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

/** The copy of a record, or the reason why it cannot be copied: the same reasons for which a write is rejected. */
function copyOf(record: Loose, id: string, collection: Collection, ids: ReadonlyMap<string, Ids>, namespace: string | undefined): Loose | string {
  const isRecord = Object.prototype.toString.call(record) === "[object Object]";
  // The key and the references of the old record may be values that JSON cannot hold; those of the copy must not be.
  const rewrittenOne = isRecord ? rewritten(record, id, collection, ids) : record;
  const { record: copy, violations } = completed(rewrittenOne, collection, namespace, () => ({ clientUpdatedAt: IMPORTED_STAMP }));
  const isDeleted = copy?.["isDeleted"] === true ? [{ pointer: "/isDeleted", message: "is true: the record is deleted" }] : [];
  const found = [...violations, ...isDeleted].map(({ pointer, message }) => `${pointer || "the record"} ${message}`);
  return copy === undefined || found.length > 0 ? found.join("; ") : copy;
}

/** Reads the copies, and compares them with their originals. */
async function verify(table: { bulkGet(keys: string[]): PromiseLike<(Loose | undefined)[]> }, copies: readonly Loose[]): Promise<void> {
  const stored = await table.bulkGet(copies.map((copy) => copy["id"] as string));
  copies.forEach((copy, index) => {
    if (canonical(stored[index]) !== canonical(copy)) {
      throw new Error(`cannot migrate ${String(copy["id"])}: its copy differs from the original; nothing was copied, and the old database is unchanged`);
    }
  });
}

/** The content of a version, without the members that sync sets. */
function content(record: Loose): string {
  const { clientCreatedAt: _, clientUpdatedAt: __, serverId: ___, serverUpdatedAt: ____, ...rest } = record;
  return canonical(rest);
}

function canonicalContent({ known, unknown }: OldDatabase): string {
  return canonical([known.map(({ name, records }) => [name, records]), unknown]);
}

/** A value as a text. Different values have different texts; a value that neither JSON nor a key can hold differs from every other. */
function canonical(value: unknown): string {
  return JSON.stringify(value, function (this: Loose, name: string, inner: unknown) {
    const given = name in this ? this[name] : inner;
    if (typeof given === "object" && given !== null && ["Object", "Array"].includes(Object.prototype.toString.call(given).slice(8, -1))) {
      return Array.isArray(given) ? given : Object.fromEntries(Object.entries(given).sort(([one], [other]) => (one < other ? -1 : 1)));
    }
    if (given === null || ["string", "boolean"].includes(typeof given) || Number.isFinite(given)) {
      return given;
    }
    return { [typeof given]: typeof given === "object" ? (textOfKey(given) ?? newId()) : String(given) };
  });
}
