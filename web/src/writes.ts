// The app's writes: completes and validates them, and records them as pending in their own transaction, so that no write bypasses the
// outbox.

import { Dexie, type DBCore, type DBCoreMutateRequest, type DBCoreMutateResponse, type DBCoreTable, type Middleware, type Table } from "dexie";
import { violations, type Violation } from "../../generated/typescript/runtime/report.js";
import { deterministicId, type Collection } from "../../generated/typescript/runtime/collection.js";
import type { RecordRefused } from "./api.js";
import { WRITTEN_BYTES_MAX } from "./border.js";
import { STRONGLOG, type PageContract } from "./contract.js";
import { tableName, type Database, type OwnTables, type PendingWrite, type QuarantinedRow } from "./database.js";
import { newId } from "./id.js";
import { beyondRecords, jsonOfCopy } from "./json.js";

const PENDING_WRITES: keyof OwnTables = "_pendingWrites";
const QUARANTINE: keyof OwnTables = "_quarantine";
const HISTORY: keyof OwnTables = "_history";

/** Above Dexie's own middleware, so that hooks and live queries see the members that this middleware adds to a record. */
const LEVEL = 3;

class Rejected extends Error implements RecordRefused {
  override readonly name = "RecordRefused";
  readonly violations: readonly Violation[];

  constructor(
    readonly collection: string,
    readonly id: string | undefined,
    found: readonly Violation[],
  ) {
    const first = found[0];
    const reason = first === undefined ? "" : `: ${first.pointer || "the record"} ${first.message}`;
    const more = found.length > 1 ? ` (and ${found.length - 1} more, see violations)` : "";
    super(`cannot write ${collection} ${id ?? "without an id"}: it violates the contract${reason}${more}`);
    this.violations = found;
  }
}

/** The contract that validates the writes of each database. */
const contracts = new WeakMap<Dexie, PageContract>();
/** The transactions in which a migration writes its copies. */
const imports = new WeakSet<object>();
/** The stamp of imported records: every edit is newer; only shipped records are older (R25). Those imported again have the next ones. */
export const IMPORTED_STAMP = 1;

/** The contract of a database. */
export function contractOf(database: Dexie): PageContract {
  return contracts.get(database) ?? STRONGLOG;
}

/** Writes records with the stamps that they have, which are older than every edit, in the current transaction, which must write no others. */
export function putImported(table: Table<object, string>, records: readonly object[]): PromiseLike<unknown> {
  imports.add(Dexie.currentTransaction.idbtrans);
  return table.bulkPut(records);
}

/** Completes and validates the app's writes. `written` is called after each transaction that has written a record. */
export function watchWrites(database: Database, written: () => void, contract: PageContract = STRONGLOG): void {
  const create = (core: DBCore): DBCore => watched(core, written, contract);
  const middleware: Middleware<DBCore> = { stack: "dbcore", name: "stronglog-sync", level: LEVEL, create };
  database.use(middleware);
  contracts.set(database, contract);
}

function watched(core: DBCore, written: () => void, { collections, namespace }: PageContract): DBCore {
  const changed = new WeakSet<object>();
  const byTable = new Map(collections.map((collection) => [tableName(collection.path), collection]));
  return {
    ...core,
    transaction(tables, mode, options) {
      const writes = mode === "readwrite" && tables.some((table) => byTable.has(table));
      // A pending write is recorded in the transaction of the write itself, whichever tables the app has named for it.
      if (!writes) {
        return core.transaction(tables, mode, options);
      }
      const transaction = core.transaction([...new Set([...tables, PENDING_WRITES, QUARANTINE, HISTORY])], mode, { ...options, durability: "strict" });
      // Registered before Dexie's own listener: code that waits for the write sees it counted.
      (transaction as unknown as IDBTransaction).addEventListener("complete", () => changed.has(transaction) && written());
      return transaction;
    },
    table(name) {
      const table = core.table(name);
      const collection = byTable.get(name);
      if (collection === undefined) {
        return table;
      }
      // A contract that lacks the namespace fails here, not at the first write.
      onlyIdOf(collection, namespace);
      return new Watched(core, table, collection, namespace, (transaction) => changed.add(transaction)).table();
    },
  };
}

/** The id of the only record of a collection. */
export function singletonId(namespace: string | undefined, path: string, key: string): string {
  if (namespace === undefined) {
    throw new TypeError(`the collection ${path} has one record, but the contract has no x-namespace, from which its id is derived`);
  }
  return deterministicId(namespace, path, key);
}

type JsonRecord = Record<string, unknown>;
type JsonOf = (value: unknown) => string;

/** Whether a key can be the id of a record. Apps may delete any key: Dexie treats a missing one as deleted. */
function isId(key: unknown): key is string {
  return typeof key === "string" && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(key);
}

/** Whether a record ships with the app, so that every edit wins over it. */
export function isShipped(record: JsonRecord): boolean {
  return record["clientUpdatedAt"] === 0;
}

/** Whether the user has written a record and the engine has not turned the write into an edit yet. */
function isUnsent(write: PendingWrite | undefined): boolean {
  return write?.at !== undefined && write.shipped === 0;
}

/** The writes of one table. */
class Watched {
  constructor(
    private readonly core: DBCore,
    private readonly below: DBCoreTable,
    private readonly collection: Collection,
    private readonly namespace: string | undefined,
    private readonly report: (transaction: object) => void,
  ) {}

  table(): DBCoreTable {
    return { ...this.below, mutate: (request) => this.mutate(request) };
  }

  private mutate(request: DBCoreMutateRequest): Promise<DBCoreMutateResponse> {
    this.report(request.trans);
    switch (request.type) {
      case "add":
      case "put":
        return this.put(request);
      case "delete":
        return this.delete(request, request.keys as string[]);
      case "deleteRange": {
        const query = { index: this.below.schema.primaryKey, range: request.range };
        return this.below
          .query({ trans: request.trans, values: false, query })
          .then(({ result }) => this.delete(request, result as string[]));
      }
    }
  }

  private put(request: Extract<DBCoreMutateRequest, { type: "add" | "put" }>): Promise<DBCoreMutateResponse> {
    const at = Date.now();
    const isImported = imports.has(request.trans);
    let records: JsonRecord[];
    // Dexie has read and copied the records that it updates.
    const isCopied = request.type === "put" && (request.changeSpec ?? request.updates) !== undefined;
    try {
      records = request.values.map((value: unknown) => this.complete(value, request.type, isImported ? undefined : at, isCopied ? jsonOfCopy : JSON.stringify));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    const keys = records.map((record) => record["id"] as string);
    const { trans } = request;
    const deleted = records.filter((record) => record["isDeleted"] === true).map((record) => record["id"] as string);
    return this.refuseQuarantined(trans, keys)
      .then(() => this.rememberUnsent(trans, deleted, at))
      .then(() => this.pendingWrites(trans, keys))
      .then((before) =>
        this.staleKeys(request, keys, before).then((stale) =>
          // Deleted records are written first, so that Dexie validates their keys like all others, and then removed.
          this.below.mutate({ ...request, values: records }).then((response) => {
            const written = records.filter((_, index) => response.failures[index] === undefined);
            // If a record is written several times, the last write remains.
            const last = new Map(written.map((record) => [record["id"] as string, record]));
            // A deletion by the user wins over a record that the app ships.
            const undone = new Set([...last].filter(([id, record]) => isShipped(record) && isUnsent(before.get(id))).map(([id]) => id));
            const gone = [...last].filter(([id, record]) => record["isDeleted"] === true || undone.has(id)).map(([id]) => id);
            const pending = [...last].filter(([id]) => !undone.has(id)).map(([id, record]) => ({
              ...this.pendingWrite(id, at, isShipped(record)),
              ...(stale.has(id) ? { stale: 1 as const } : {}),
              ...(isImported ? { imported: record["clientUpdatedAt"] as number } : {}),
            }));
            return this.remove(trans, gone)
              .then(() => this.record(trans, pending))
              .then(() => response);
          }),
        ),
      );
  }

  /** The pending writes of these records, by id. */
  private pendingWrites(trans: DBCoreMutateRequest["trans"], ids: readonly string[]): Promise<ReadonlyMap<string, PendingWrite>> {
    const keys = ids.map((id) => `${this.collection.path}/${id}`);
    return this.core
      .table(PENDING_WRITES)
      .getMany({ trans, keys })
      .then((found: (PendingWrite | undefined)[]) => new Map(found.flatMap((write, index) => (write ? [[ids[index] ?? "", write] as const] : []))));
  }

  /**
   * The records that are replaced by versions derived from an older version (R24): the app read a record, it was changed since then, and
   * the app puts the whole record back. The stamp of a record identifies the version that was read. A record without a stamp has no known
   * version, and records that Dexie itself reads and writes in one transaction are never stale.
   */
  private staleKeys(
    request: Extract<DBCoreMutateRequest, { type: "add" | "put" }>,
    keys: readonly string[],
    pending: ReadonlyMap<string, PendingWrite>,
  ): Promise<ReadonlySet<string>> {
    if (request.type === "add") {
      return Promise.resolve(new Set());
    }
    const { trans } = request;
    const isReadHere = request.changeSpec !== undefined;
    const read = request.values.map((value: JsonRecord) => (isReadHere ? undefined : value["clientUpdatedAt"]));
    return this.below.getMany({ trans, keys: [...keys] }).then((current: (JsonRecord | undefined)[]) => {
      const isStale = (id: string, index: number): boolean => {
        const stored = current[index]?.["clientUpdatedAt"];
        const differs = typeof read[index] === "number" && stored !== undefined && read[index] !== stored;
        // A stale write that has not become an edit yet stays stale, even if it is overwritten.
        return differs || pending.get(id)?.stale === 1;
      };
      return new Set(keys.filter(isStale));
    });
  }

  private delete(request: DBCoreMutateRequest, keys: string[]): Promise<DBCoreMutateResponse> {
    const at = Date.now();
    return this.refuseQuarantined(request.trans, keys)
      .then(() => this.rememberUnsent(request.trans, keys, at))
      .then(() => this.below.mutate(request))
      .then((response) =>
        this.record(
          request.trans,
          keys.filter(isId).map((id) => this.pendingWrite(id, at, false)),
        ).then(() => response),
      );
  }

  /** Keeps the versions that are about to be deleted and that the engine has not seen. The engine keeps the others itself. */
  private rememberUnsent(trans: DBCoreMutateRequest["trans"], ids: readonly string[], at: number): Promise<unknown> {
    return this.pendingWrites(trans, ids).then((pending) => {
      const unsent = ids.filter((id) => isUnsent(pending.get(id)));
      return this.below.getMany({ trans, keys: unsent }).then((records: (JsonRecord | undefined)[]) => {
        const found = records.filter((record) => record !== undefined);
        const values = found.map((record) => ({ collection: this.collection.path, text: JSON.stringify(record), why: "deleted", at }));
        return this.write(trans, HISTORY, "add", values);
      });
    });
  }

  private remove(trans: DBCoreMutateRequest["trans"], keys: string[]): Promise<unknown> {
    return keys.length === 0 ? Promise.resolve() : this.below.mutate({ type: "delete", trans, keys });
  }

  private record(trans: DBCoreMutateRequest["trans"], values: readonly PendingWrite[]): Promise<unknown> {
    return this.write(trans, PENDING_WRITES, "put", values);
  }

  private write(trans: DBCoreMutateRequest["trans"], table: string, type: "add" | "put", values: readonly object[]): Promise<unknown> {
    return values.length === 0 ? Promise.resolve() : this.core.table(table).mutate({ type, trans, values });
  }

  private pendingWrite(id: string, at: number, shipped: boolean): PendingWrite {
    return { key: `${this.collection.path}/${id}`, at, shipped: shipped ? 1 : 0 };
  }

  /** The record as it will be sent: JSON, with the members that sync needs. An imported record has its own stamp. */
  private complete(value: unknown, type: "add" | "put", stamp: number | undefined, jsonOf: JsonOf): JsonRecord {
    const { collection, namespace } = this;
    const sync = (given: JsonRecord): JsonRecord => {
      if (type === "add" && isShipped(given)) {
        return { clientCreatedAt: 0, clientUpdatedAt: 0 };
      }
      return stamp === undefined ? {} : { clientCreatedAt: given["clientCreatedAt"] ?? stamp, clientUpdatedAt: stamp };
    };
    const { record, id, violations } = completed(value, collection, namespace, sync, jsonOf);
    if (record === undefined || violations.length > 0) {
      throw new Rejected(collection.path, id, violations);
    }
    return record;
  }

  /** A record with a quarantined version must not be edited, because the app would overwrite data that it cannot read. */
  private refuseQuarantined(trans: DBCoreMutateRequest["trans"], ids: readonly string[]): Promise<void> {
    const table = this.core.table(QUARANTINE);
    const all = { index: table.schema.primaryKey, range: { type: 3 as const, lower: -Infinity, upper: [[]] } };
    return table.count({ trans, query: all }).then((count) => {
      if (count === 0) {
        return;
      }
      return table.query({ trans, values: true, query: all }).then(({ result }) => {
        const quarantined = new Set((result as QuarantinedRow[]).map((change) => change.key));
        const id = ids.find((candidate) => quarantined.has(`${this.collection.path}/${candidate}`));
        if (id !== undefined) {
          const message = "has a newer version that this app cannot read; update the app first";
          throw new Rejected(this.collection.path, id, [{ pointer: "", keyword: "version", message }]);
        }
      });
    });
  }
}

/** A record as it will be sent, unless it is not JSON, and the reasons why it cannot be sent. */
interface Completed {
  readonly record: JsonRecord | undefined;
  readonly id: string | undefined;
  readonly violations: readonly Violation[];
}

/** Completes a record with the members that sync needs, of which `sync` gives some, and checks it. */
export function completed(
  value: unknown,
  collection: Collection,
  namespace: string | undefined,
  sync: (given: JsonRecord) => JsonRecord,
  jsonOf: JsonOf = JSON.stringify,
): Completed {
  const unfit = [...beyondRecords(value)];
  if (unfit.length > 0) {
    return { record: undefined, id: textOr((value as JsonRecord | null | undefined)?.["id"]), violations: unfit };
  }
  const given = JSON.parse(jsonOf(value)) as JsonRecord;
  const onlyId = onlyIdOf(collection, namespace);
  const members = { id: given["id"] ?? onlyId ?? newId(), isDeleted: given["isDeleted"] ?? false, ...sync(given) };
  const record: JsonRecord = { ...given, clientCreatedAt: given["clientCreatedAt"] ?? Date.now(), ...members };
  const result = collection.schema.safeParse({ ...record, isDeleted: false });
  return { record, id: textOr(record["id"]), violations: result.success ? [...beyondSchema(record, onlyId)] : violations(result.error) };
}

function textOr(id: unknown): string | undefined {
  return typeof id === "string" ? id : undefined;
}

/** The id of the record, if the collection has only one. */
function onlyIdOf({ path, singleton }: Collection, namespace: string | undefined): string | undefined {
  return singleton === undefined ? undefined : singletonId(namespace, path, singleton);
}

/** The rules of the contract that are not part of the schema. */
function* beyondSchema(record: JsonRecord, onlyId: string | undefined): Generator<Violation> {
  if (typeof record["isDeleted"] !== "boolean") {
    yield { pointer: "/isDeleted", keyword: "type", message: "is not a boolean" };
  }
  if (onlyId !== undefined && record["id"] !== onlyId) {
    yield { pointer: "/id", keyword: "const", message: `is not ${onlyId}, the one id of this collection; leave it out` };
  }
  const bytes = new TextEncoder().encode(JSON.stringify(record)).length;
  if (bytes > WRITTEN_BYTES_MAX) {
    yield { pointer: "", keyword: "maxBytes", message: `takes ${bytes} bytes of JSON; expected at most ${WRITTEN_BYTES_MAX}` };
  }
}
