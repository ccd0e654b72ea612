// Bringing the records of the app's database from before: every record copied under an id that sync can use, every reference rewritten, the
// copy compared with what it was made of, and the old database kept until then.

import { Dexie } from "dexie";
import { deterministicId, type Collection } from "../../generated/typescript/runtime/collection.js";
import { collections, namespace } from "../../generated/typescript/stores.js";
import type { Sync } from "./api.js";
import { tableName } from "./database.js";
import { newId } from "./id.js";

/** What a migration does. */
export interface MigrateOptions {
  /** The name of the old database. */
  readonly from: string;
  /** Whether the old database is deleted once the copy is verified. It is kept if not said otherwise, or if a record was refused. */
  readonly deleteOld?: boolean | undefined;
}

/** What a migration has come to. */
export interface Migrated {
  /** Records that were copied. 0 if there is no old database, or it was copied before. */
  readonly copied: number;
  /** Records that the contract refuses, as they were: they are in the old database alone. */
  readonly refused: readonly { readonly table: string; readonly record: unknown; readonly reason: string }[];
}

type Loose = Record<string, unknown>;

/** The records of an old table, and the new id of each. */
interface Old {
  readonly collection: Collection;
  readonly table: string;
  readonly records: readonly Loose[];
  readonly ids: ReadonlyMap<unknown, string>;
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
/** Where it is noted which databases were copied. */
const DONE = "migrated";

/** Copies the records of the app's old database into the one of `sync`, all of them in one transaction. A second call does nothing. */
export async function migrate(sync: Sync, { from, deleteOld = false }: MigrateOptions): Promise<Migrated> {
  const device = sync.db.table<{ readonly name: string; readonly value: readonly string[] }, string>("_device");
  const done = (await device.get(DONE))?.value ?? [];
  if (done.includes(from) || !(await Dexie.exists(from))) {
    return { copied: 0, refused: [] };
  }
  const old = await readOld(from);
  const ids = new Map(old.map(({ collection, ids }) => [collection.path, ids]));
  const refused: { table: string; record: unknown; reason: string }[] = [];
  const copied = await sync.db.transaction("rw", sync.db.tables, async () => {
    let count = 0;
    for (const { collection, table, records, ids: own } of old) {
      const copies = records.flatMap((record) => {
        const copy = rewritten(record, own.get(record["id"]) ?? newId(), collection, ids);
        const reason = refusal(collection, copy);
        if (reason !== undefined) {
          refused.push({ table, record, reason });
        }
        return reason === undefined ? [copy] : [];
      });
      const target = sync.db.table<Loose, string>(tableName(collection.path));
      await target.bulkPut(copies);
      await verify(target, copies);
      count += copies.length;
    }
    await device.put({ name: DONE, value: [...done, from] });
    return count;
  });
  if (deleteOld && refused.length === 0) {
    await Dexie.delete(from);
  }
  return { copied, refused };
}

async function readOld(name: string): Promise<Old[]> {
  const database = await new Dexie(name).open();
  try {
    const found: Old[] = [];
    for (const table of database.tables) {
      const collection = collectionOf(table.name);
      if (collection !== undefined) {
        const records = (await table.toArray()) as Loose[];
        const ids = new Map(records.map((record) => [record["id"], idOf(record, collection)]));
        found.push({ collection, table: table.name, records, ids });
      }
    }
    return found;
  } finally {
    database.close();
  }
}

/** The collection of an old table, whose name may be a singular. */
function collectionOf(table: string): Collection | undefined {
  return collections.find(({ path }) => [table, `${table}s`].includes(tableName(path)));
}

/**
 * The id of a record from now on. A UUID stays; all devices agree on that of a singleton and of what the app ships, so that the second
 * device to migrate doubles nothing; a number becomes a new UUID.
 */
function idOf(record: Loose, { path, singleton, naturalKey }: Collection): string {
  if (singleton !== undefined) {
    return deterministicId(namespace, path, singleton);
  }
  const natural = naturalKey === undefined ? undefined : record[naturalKey];
  if (typeof natural === "string" && record["isCustom"] === false) {
    return deterministicId(namespace, path, natural);
  }
  const text = String(record["id"]).toLowerCase();
  return UUID.test(text) ? text : newId();
}

/** A record under its new id, with every reference to what it points to now. */
function rewritten(record: Loose, id: string, collection: Collection, ids: ReadonlyMap<string, ReadonlyMap<unknown, string>>): Loose {
  const copy = structuredClone(record);
  for (const { path, collection: target } of collection.references) {
    follow(copy, path, ids.get(target) ?? new Map());
  }
  return { ...copy, id, clientCreatedAt: copy["clientCreatedAt"] ?? Date.now(), clientUpdatedAt: 0, isDeleted: false };
}

/** Rewrites the ids at the end of a path: `*` is every item or entry, `{key}` every key of a map, whose id stands behind its last full stop. */
function follow(value: unknown, path: readonly string[], ids: ReadonlyMap<unknown, string>): void {
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

/** The new id for an old one. A key of a map is a text even where the id was a number. */
function newIdOf(id: unknown, ids: ReadonlyMap<unknown, string>): string | undefined {
  return ids.get(id) ?? (typeof id === "string" && /^\d+$/.test(id) ? ids.get(Number(id)) : undefined);
}

function refusal({ schema }: Collection, copy: Loose): string | undefined {
  const judged = schema.safeParse(copy);
  return judged.success ? undefined : judged.error.issues.map((issue) => `/${issue.path.join("/")} ${issue.message}`).join("; ");
}

/** Reads the copies back, and compares them with what they were made of. */
async function verify(table: { bulkGet(keys: string[]): PromiseLike<(Loose | undefined)[]> }, copies: readonly Loose[]): Promise<void> {
  const stored = await table.bulkGet(copies.map((copy) => copy["id"] as string));
  copies.forEach((copy, index) => {
    const { clientUpdatedAt: _, ...expected } = copy;
    const { clientUpdatedAt: __, ...found } = stored[index] ?? {};
    if (canonical(found) !== canonical(expected)) {
      throw new Error(`cannot migrate ${String(copy["id"])}: the copy differs from the record; nothing was changed, the old database is as it was`);
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
