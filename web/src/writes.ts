// The app's writes: completed, validated, and noted for the engine in their own transaction, so that no write can bypass the outbox.

import type { DBCore, DBCoreMutateRequest, DBCoreMutateResponse, DBCoreTable, Dexie, Middleware } from "dexie";
import { violations, type Violation } from "../../generated/typescript/runtime/report.js";
import { deterministicId, type Collection } from "../../generated/typescript/runtime/collection.js";
import { collections, namespace } from "../../generated/typescript/stores.js";
import type { RecordRefused } from "./api.js";
import { pathOfTable, type Aside, type Note, type OwnTables } from "./database.js";
import { newId } from "./id.js";

/** The largest record, in bytes of JSON, with room for what the server adds to it. */
const RECORD_BYTES_MAX = 256 * 1024 - 200;

const NOTES: keyof OwnTables = "_notes";
const ASIDE: keyof OwnTables = "_aside";

/** Above Dexie's own middleware: what this one adds to a record, hooks and live queries see. */
const LEVEL = 3;

class Refused extends Error implements RecordRefused {
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
    super(`cannot write ${collection} ${id ?? "without an id"}, since the contract refuses it${reason}${more}`);
    this.violations = found;
  }
}

/** Lets the app's writes through as the contract wants them. `written` is called after each transaction that has written a record. */
export function watchWrites(database: Dexie, written: () => void): void {
  const middleware: Middleware<DBCore> = { stack: "dbcore", name: "stronglog-sync", level: LEVEL, create: (core) => watched(core, written) };
  database.use(middleware);
}

function watched(core: DBCore, written: () => void): DBCore {
  const known = new WeakSet<object>();
  /** Tells of a transaction once, when it is durable. */
  const tell = (transaction: object): void => {
    if (!known.has(transaction)) {
      known.add(transaction);
      (transaction as IDBTransaction).addEventListener("complete", written);
    }
  };
  return {
    ...core,
    transaction(tables, mode, options) {
      const writes = mode === "readwrite" && tables.some((table) => pathOfTable.has(table));
      // A note needs the write's own transaction, whatever tables the app has named for it.
      return writes
        ? core.transaction([...new Set([...tables, NOTES, ASIDE])], mode, { ...options, durability: "strict" })
        : core.transaction(tables, mode, options);
    },
    table(name) {
      const table = core.table(name);
      const path = pathOfTable.get(name);
      const collection = collections.find((candidate) => candidate.path === path);
      return collection === undefined ? table : new Watched(core, table, collection, tell).table();
    },
  };
}

type JsonRecord = Record<string, unknown>;

/** The writes of one table. */
class Watched {
  constructor(
    private readonly core: DBCore,
    private readonly below: DBCoreTable,
    private readonly collection: Collection,
    private readonly tell: (transaction: object) => void,
  ) {}

  table(): DBCoreTable {
    return { ...this.below, mutate: (request) => this.mutate(request) };
  }

  private mutate(request: DBCoreMutateRequest): Promise<DBCoreMutateResponse> {
    this.tell(request.trans);
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
    let records: JsonRecord[];
    try {
      records = request.values.map((value: unknown) => this.complete(value, request.type, at));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    const keys = records.map((record) => record["id"] as string);
    const live = records.filter((record) => record["isDeleted"] !== true);
    const deleted = records.filter((record) => record["isDeleted"] === true).map((record) => record["id"] as string);
    const notes = records.map((record) => this.note(record["id"] as string, at, record["clientUpdatedAt"] === 0));
    return this.refuseHeld(request.trans, keys)
      .then(() => this.below.mutate({ ...request, values: live }))
      .then((response) =>
        this.remove(request.trans, deleted)
          .then(() => this.write(request.trans, notes))
          .then(() => (deleted.length === 0 ? response : { ...response, results: keys, lastResult: keys.at(-1) })),
      );
  }

  private delete(request: DBCoreMutateRequest, keys: string[]): Promise<DBCoreMutateResponse> {
    const at = Date.now();
    return this.refuseHeld(request.trans, keys)
      .then(() => this.below.mutate(request))
      .then((response) =>
        this.write(
          request.trans,
          keys.map((id) => this.note(id, at, false)),
        ).then(() => response),
      );
  }

  private remove(trans: DBCoreMutateRequest["trans"], keys: string[]): Promise<unknown> {
    return keys.length === 0 ? Promise.resolve() : this.below.mutate({ type: "delete", trans, keys });
  }

  private write(trans: DBCoreMutateRequest["trans"], values: readonly Note[]): Promise<unknown> {
    return values.length === 0 ? Promise.resolve() : this.core.table(NOTES).mutate({ type: "put", trans, values });
  }

  private note(id: string, at: number, shipped: boolean): Note {
    return { key: `${this.collection.path}/${id}`, at, shipped: shipped ? 1 : 0 };
  }

  /** The record as it will be sent: JSON, with the members that sync needs. */
  private complete(value: unknown, type: "add" | "put", at: number): JsonRecord {
    const given = JSON.parse(JSON.stringify(value)) as JsonRecord;
    const { singleton, path, schema } = this.collection;
    const id = given["id"] ?? (singleton === undefined ? newId() : deterministicId(namespace, path, singleton));
    const shipped = type === "add" && given["clientUpdatedAt"] === 0;
    const record: JsonRecord = {
      ...given,
      id,
      clientCreatedAt: shipped ? 0 : (given["clientCreatedAt"] ?? at),
      clientUpdatedAt: shipped ? 0 : at,
      isDeleted: given["isDeleted"] ?? false,
    };
    const judged = schema.safeParse({ ...record, isDeleted: false });
    const found = judged.success ? [...this.beyondSchema(record)] : violations(judged.error);
    if (found.length > 0) {
      throw new Refused(path, typeof id === "string" ? id : undefined, found);
    }
    return record;
  }

  /** What the contract asks for beside the schema. */
  private *beyondSchema(record: JsonRecord): Generator<Violation> {
    const { singleton, path } = this.collection;
    if (typeof record["isDeleted"] !== "boolean") {
      yield { pointer: "/isDeleted", keyword: "type", message: "is not a boolean" };
    }
    if (singleton !== undefined && record["id"] !== deterministicId(namespace, path, singleton)) {
      const message = `is not ${deterministicId(namespace, path, singleton)}, the one id of this collection; leave it out`;
      yield { pointer: "/id", keyword: "const", message };
    }
    const bytes = new TextEncoder().encode(JSON.stringify(record)).length;
    if (bytes > RECORD_BYTES_MAX) {
      yield { pointer: "", keyword: "maxBytes", message: `takes ${bytes} bytes of JSON; ${RECORD_BYTES_MAX} are accepted` };
    }
  }

  /** A record of which a newer version was quarantined is not edited: this app would destroy what it cannot read. */
  private refuseHeld(trans: DBCoreMutateRequest["trans"], ids: readonly string[]): Promise<void> {
    const table = this.core.table(ASIDE);
    const all = { index: table.schema.primaryKey, range: { type: 3 as const, lower: -Infinity, upper: [[]] } };
    return table.count({ trans, query: all }).then((count) => {
      if (count === 0) {
        return;
      }
      return table.query({ trans, values: true, query: all }).then(({ result }) => {
        const quarantined = new Set((result as Aside[]).map((change) => change.key));
        const id = ids.find((candidate) => quarantined.has(`${this.collection.path}/${candidate}`));
        if (id !== undefined) {
          const message = "was written by a newer app in a way that this one cannot read; update the app first";
          throw new Refused(this.collection.path, id, [{ pointer: "", keyword: "version", message }]);
        }
      });
    });
  }
}
