// The engine's store on top of Dexie. Every durable step is one transaction: it loads rows, lets the engine plan, and writes the result.
// The engine makes the sync decisions, with one exception: rows of tables that this version of the app does not have wait (isKnown).

import { Dexie, type Collection } from "dexie";
import type { Command, QuarantineMove, Selection, StoredInfo, StoredMeta, Writes } from "./border.js";
import { countOwnTables, countUnknown, isExtended, isKnown, ownTables, partsOfKey, pathsIn, tableName, type Database, type PendingWrite, type StoredRow } from "./database.js";
import * as wasm from "../engine/pkg/engine.js";

/** A row that the engine returns. */
interface PlannedRow {
  readonly stored: StoredRow;
  /** Whether the record is visible to the app. */
  readonly live: boolean;
}

/** The record in the app's table, or undefined if the table does not have it. */
interface AppRecord {
  readonly key: string;
  readonly record: object | undefined;
}

/** The part of the store's content that the engine needs. */
export interface State {
  /** The device's own row, as JSON. */
  readonly meta: string;
  /** The counts, as JSON. */
  readonly counts: string;
}

/** This tab must not write any more: another tab leads, or the database is not the one that was opened. */
export class LeadershipLost extends Error {
  override readonly name = "LeadershipLost";

  /** @param notice The message for the user. */
  constructor(
    message = "this tab no longer syncs: another tab took over",
    readonly notice: string | null = null,
  ) {
    super(message);
  }
}

/** A write of the app that the engine has not seen yet. */
type UnseenWrite = PendingWrite & { readonly at: number };

/** The number of the app's writes that become edits in one transaction. */
const WRITES_PER_STEP_MAX = 1_000;

/** Which pending edits to load. */
export type Edits = Extract<Command, { command: "load" }>["edits"];

export class DexieStore {
  /** The edits that this version of the app does not have the tables of, by collection. They wait for a version that has them. */
  unknown: Readonly<Record<string, number>> = {};
  /** Whether rows have no table at all: earlier versions of this package deleted the tables of collections that a contract did not have. */
  private hasOrphans = false;

  /**
   * @param holder The tab that may write. Each step checks that this is still the case: a tab that was frozen may lose the leadership in
   * the middle of a step.
   */
  constructor(
    readonly database: Database,
    private readonly holder: string,
  ) {}

  /** Makes this tab the writer, and reads the state. The first start creates the device. */
  open(): Promise<State> {
    return this.database.transaction("rw", [...ownTables], async () => {
      await this.database._device.put({ name: "holder", value: this.holder });
      const { _rows, _pendingWrites } = this.database;
      const paths = [...(await pathsIn(_rows)), ...(await pathsIn(_pendingWrites))];
      this.hasOrphans = paths.some((path) => !isKnown(this.database, `${path}/`));
      const known = await this.meta();
      const meta = known ?? wasm.newMeta(Date.now());
      await (known === undefined && this.database._device.put({ name: "meta", value: meta }));
      return { meta, counts: await this.counts(meta, true) };
    });
  }

  /** The account that owns the database, if any. */
  owner(): Promise<string | null> {
    return this.transaction([], (meta) => Promise.resolve((JSON.parse(meta) as StoredMeta).owner ?? null));
  }

  /** Turns the app's writes into edits, one batch at a time. Returns whether there are more. */
  async absorb(): Promise<State & { readonly more: boolean; readonly absorbed: number }> {
    const unseen = this.database._pendingWrites.orderBy("at");
    const writes = await this.known(unseen).limit(WRITES_PER_STEP_MAX).toArray();
    const keys = writes.map((write) => write.key);
    return this.transaction(keys, async (meta) => {
      const absorbed = await this.absorbWrites(meta, keys);
      const state = await this.state(absorbed ?? { meta, undecided: true });
      return { ...state, more: writes.length === WRITES_PER_STEP_MAX, absorbed: keys.length };
    });
  }

  /** Runs a durable step: `plan` decides, based on the rows that `selection` names. */
  update(selection: Selection, plan: (meta: string, rows: wasm.LoadedRow[]) => wasm.Plan): Promise<State> {
    const keys = typeof selection === "object" && "keys" in selection ? selection.keys : undefined;
    return this.transaction(keys, async (meta) => {
      // A write that is not yet an edit must become one before anything is merged into its record (R6).
      const absorbed = await this.absorbWrites(meta, keys);
      const current = absorbed?.meta ?? meta;
      const writes = await this.apply(plan(current, await this.load(selection, current)));
      return this.state(writes);
    });
  }

  /** Loads the rows that a selection names, without changing anything. */
  look(selection: Selection): Promise<wasm.LoadedRow[]> {
    return this.transaction(undefined, (meta) => this.load(selection, meta));
  }

  /** Rows with a pending edit: parents first, then in the order of their edits. */
  async pending(edits: Edits, limit: number): Promise<wasm.LoadedRow[]> {
    const queue = this.known(this.database._rows.orderBy("queue"));
    const rows = await (edits === "all" ? queue : queue.filter((row) => wasm.isAmong(row.info, edits === "known"))).limit(limit).toArray();
    return loaded(rows.filter(this.isKnown));
  }

  /** Once for each contract, puts records back into the app's tables that do not have them: earlier versions of this package deleted tables. */
  async repair(contract: string): Promise<void> {
    const { _device, _rows, _pendingWrites } = this.database;
    const name = "repaired";
    if ((await _device.get(name))?.value === contract) {
      return;
    }
    await this.transaction(undefined, async () => {
      for (const path of (await pathsIn(_rows)).filter((path) => this.isKnown({ key: `${path}/` }))) {
        const ofPath = (table: typeof _rows | typeof _pendingWrites): PromiseLike<string[]> => table.where("key").startsWith(`${path}/`).primaryKeys();
        const ids = await this.database.table<unknown, string>(tableName(path)).toCollection().primaryKeys();
        // The app may have deleted a record that it has written.
        const settled = new Set([...ids.map((id) => `${path}/${id}`), ...(await ofPath(_pendingWrites))]);
        await this.resetAppTables((await ofPath(_rows)).filter((key) => !settled.has(key)));
      }
      await _device.put({ name, value: contract });
    });
  }

  /** Writes a past version as a new write of the app. */
  restore(number: number): Promise<void> {
    return this.database._history.get(number).then((past) => {
      if (past === undefined) {
        throw new Error(`cannot restore version ${number}: the conflict history has no such version`);
      }
      const record = JSON.parse(past.text) as { id: string; isDeleted: boolean };
      const table = tableName(past.collection);
      return this.database.transaction("rw", [table, "_pendingWrites"], async () => {
        await (record.isDeleted ? this.database.table(table).delete(record.id) : this.database.table(table).put(record));
        // It was not made on the current version, which goes to the history (R24).
        await this.database._pendingWrites.put({ key: `${past.collection}/${record.id}`, at: Date.now(), shipped: 0, stale: 1 });
      });
    });
  }

  /** Discards a write that the engine rejected: the app sees the overwritten version again. */
  discardWrite(key: string): Promise<void> {
    const { table } = partsOfKey(key);
    return this.database.transaction("rw", [table, "_pendingWrites", "_rows"], async () => {
      await this.database._pendingWrites.delete(key);
      await this.resetAppTables([key]);
    });
  }

  /** A transaction over the engine's tables and the tables of the keys' collections, or over all tables if there are no keys. */
  private transaction<T>(keys: readonly string[] | undefined, job: (meta: string) => Promise<T>): Promise<T> {
    const all = this.database.tables.map((table) => table.name);
    const wanted: Set<string> = new Set(keys === undefined ? all : [...ownTables, ...keys.map((key) => partsOfKey(key).table)]);
    return this.database.transaction("rw", all.filter((table) => wanted.has(table)), async () => {
      const holder = await this.database._device.get("holder");
      const meta = await this.meta();
      if (holder === undefined || meta === undefined) {
        const emptied = "the browser's storage was cleared while the app was open; what was not synced is lost. Sign in to fetch the rest";
        throw new LeadershipLost(`sync has stopped: ${emptied}`, emptied);
      }
      if (holder.value !== this.holder) {
        throw new LeadershipLost();
      }
      return job(meta);
    });
  }

  private async meta(): Promise<string | undefined> {
    return (await this.database._device.get("meta"))?.value as string | undefined;
  }

  private async state(writes: Pick<Writes, "meta" | "undecided">): Promise<State> {
    return { meta: writes.meta, counts: await this.counts(writes.meta, writes.undecided) };
  }

  private async counts(meta: string, undecided: boolean): Promise<string> {
    const { _rows } = this.database;
    const counts = await countOwnTables(this.database);
    this.unknown = this.isExtended() ? await countUnknown(this.database) : {};
    const known = { ...counts, pending: counts.pending - this.waiting };
    if (!undecided) {
      return JSON.stringify(known);
    }
    const infos = (await this.known(_rows.toCollection()).toArray()).map((row) => row.info);
    const [live, unseen] = wasm.countUnseen(meta, infos);
    return JSON.stringify({ ...known, live, unseen });
  }

  /** The number of edits that wait for another version of the app. */
  get waiting(): number {
    return Object.values(this.unknown).reduce((sum, count) => sum + count, 0);
  }

  /** Whether the database has more than what this version of the app knows. */
  private isExtended(): boolean {
    return this.hasOrphans || isExtended(this.database);
  }

  /** Leaves out what this version of the app does not have the table of. */
  private known<T extends { readonly key: string }>(entries: Collection<T>): Collection<T> {
    return this.isExtended() ? entries.filter(this.isKnown) : entries;
  }

  /** Whether this version of the app has the table of a row or a write. */
  readonly isKnown = ({ key }: { readonly key: string }): boolean => isKnown(this.database, key);

  private async load(selection: Selection, meta: string): Promise<wasm.LoadedRow[]> {
    const { _rows, _quarantine } = this.database;
    const quarantined = new Set((await _quarantine.count()) === 0 ? [] : (await _quarantine.orderBy("key").keys()).map(String));
    if (selection === "unacknowledged") {
      const rows = [...(await _rows.orderBy("queue").toArray()), ...(await _rows.orderBy("blocked").toArray())];
      return loaded(rows.filter(this.isKnown).sort((one, other) => seqOf(one) - seqOf(other)), quarantined);
    }
    if ("unseen" in selection) {
      const number = (JSON.parse(meta) as StoredMeta).resync?.number;
      const unseen = _rows.filter((row) => row.seen !== number && this.isKnown(row)).limit(selection.unseen);
      return loaded(number === undefined ? [] : await unseen.toArray(), quarantined);
    }
    const found = await this.rows(selection.keys);
    return selection.keys.map((key) => loadedRow(key, found.get(key), quarantined));
  }

  /** The existing rows of these keys, with few requests: ids are ordered by time, so the new records of a page sort after all others. */
  private async rows(keys: readonly string[]): Promise<Map<string, StoredRow>> {
    const { _rows } = this.database;
    const found = await Promise.all(
      [...byTable(keys.map((key) => ({ key })))].map(async ([, entries]) => {
        const some = entries.map(({ key }) => key).sort();
        const between = _rows.where("key").between(some[0], some.at(-1), true, true);
        return (await between.count()) <= 2 * some.length ? between.toArray() : _rows.bulkGet(some);
      }),
    );
    return new Map(found.flat().flatMap((row) => (row === undefined ? [] : [[row.key, row] as const])));
  }

  /** Turns the app's writes of these keys into edits, or all writes. Returns undefined if there is none. */
  private async absorbWrites(meta: string, keys: readonly string[] | undefined): Promise<Writes | undefined> {
    const { _pendingWrites } = this.database;
    if ((await _pendingWrites.count()) === 0) {
      return undefined;
    }
    const found = keys === undefined ? await _pendingWrites.toArray() : await _pendingWrites.bulkGet([...keys]);
    const isUnseen = (write: PendingWrite | undefined): write is UnseenWrite => write?.at !== undefined && this.isKnown(write);
    const unseen = found.filter(isUnseen).sort((one, other) => one.at - other.at);
    if (unseen.length === 0) {
      return undefined;
    }
    const records = await this.appRecords(unseen.map((write) => write.key));
    const rows = await this.load({ keys: unseen.map((write) => write.key) }, meta);
    const absorbed = wasm.absorb(
      meta,
      rows,
      unseen.map(({ key, at, ...kind }) => ({
        key,
        at,
        shipped: kind.shipped === 1,
        stale: kind.stale === 1,
        imported: kind.imported ?? 0,
        record: records.get(key),
      })),
    );
    const writes = await this.apply(absorbed, records);
    const refused = new Map(writes.refused);
    await _pendingWrites.bulkDelete(unseen.filter((write) => !refused.has(write.key)).map((write) => write.key));
    await _pendingWrites.bulkPut(unseen.flatMap((write) => rejection(write, refused.get(write.key))));
    await this.resetAppTables(writes.unchanged);
    return writes;
  }

  /** The records of these keys in the app's tables, as JSON. */
  private async appRecords(keys: readonly string[]): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    for (const [table, entries] of byTable(keys.map((key) => ({ key })))) {
      const ids = entries.map(({ key }) => partsOfKey(key).id);
      const records = (await this.database.table(table).bulkGet(ids)) as ({ id: string } | undefined)[];
      for (const [index, record] of records.entries()) {
        if (record !== undefined) {
          texts.set(entries[index]?.key ?? "", JSON.stringify(record));
        }
      }
    }
    return texts;
  }

  /** Updates the app's tables to match the rows of these keys. */
  private async resetAppTables(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) {
      return;
    }
    const rows = await this.database._rows.bulkGet([...keys]);
    const records = keys.map((key, index): AppRecord => {
      const text = rows[index]?.text;
      const record = text === undefined ? undefined : (JSON.parse(text) as { isDeleted: boolean });
      return { key, record: record?.isDeleted === false ? record : undefined };
    });
    await this.writeAppTables(records);
  }

  private async writeAppTables(entries: readonly AppRecord[]): Promise<void> {
    const requests = [...byTable(entries)].flatMap(([table, records]) => {
      const present = records.flatMap(({ record }) => (record === undefined ? [] : [record]));
      const absent = records.flatMap(({ key, record }) => (record === undefined ? [partsOfKey(key).id] : []));
      return [
        absent.length > 0 && this.database.table(table).bulkDelete(absent),
        present.length > 0 && this.database.table(table).bulkPut(present),
      ];
    });
    await Promise.all(requests);
  }

  /** Carries out a plan. `current` contains the records that the app's tables already have, as JSON by key. */
  private async apply(plan: wasm.Plan, current: ReadonlyMap<string, string> = new Map()): Promise<Writes> {
    const { writes, rows } = readPlan(plan);
    const { _rows, _history, _device } = this.database;
    const changed = rows
      .filter(({ stored, live }) => !live || current.get(stored.key) !== stored.text)
      .map(({ stored, live }): AppRecord => ({ key: stored.key, record: live ? (JSON.parse(stored.text) as object) : undefined }));
    // A transaction runs its requests in order, so none needs to wait for the previous one.
    await Promise.all([
      writes.remove.length > 0 && _rows.bulkDelete(writes.remove),
      this.putRows(rows.map(({ stored }) => stored)),
      this.writeAppTables([...writes.remove.map((key): AppRecord => ({ key, record: undefined })), ...changed]),
      writes.remember.length > 0 && _history.bulkAdd(writes.remember),
      _device.put({ name: "meta", value: writes.meta }),
    ]);
    for (const move of writes.quarantined) {
      await this.quarantine(move);
    }
    return writes;
  }

  /**
   * Writes rows with IndexedDB directly. Dexie would record every key and notify every page for live queries, but no live query reads these
   * rows. A request that fails aborts the transaction, which reports the error.
   */
  private putRows(rows: readonly StoredRow[]): void {
    const store = Dexie.currentTransaction.idbtrans.objectStore(this.database._rows.name);
    rows.forEach((row) => store.put(row));
  }

  private async quarantine(move: QuarantineMove): Promise<void> {
    const { _quarantine } = this.database;
    if ("release" in move) {
      await _quarantine.where("key").equals(move.release).delete();
    } else if ("releaseRev" in move) {
      await _quarantine.where("rev").equals(move.releaseRev).and((change) => change.id === null).delete();
    } else {
      const { key, raw } = move.quarantine;
      await (key !== null && _quarantine.where("key").equals(key).delete());
      await _quarantine.where("raw").equals(raw).delete();
      await _quarantine.add(move.quarantine);
    }
  }
}

/** Takes a plan out of the engine's memory. Records are transferred separately from the plan's JSON, so that they are not escaped twice. */
function readPlan(plan: wasm.Plan): { readonly writes: Writes; readonly rows: readonly PlannedRow[] } {
  const writes = JSON.parse(plan.json()) as Writes;
  const texts = plan.texts();
  plan.free();
  const rows = writes.put.map(({ live, ...row }, index): PlannedRow => {
    const text = texts[index];
    if (text === undefined) {
      throw new Error(`cannot store a plan of ${writes.put.length} rows: the engine gave ${texts.length} records`);
    }
    return { stored: { ...row, text }, live };
  });
  return { writes, rows };
}

function loaded(rows: readonly StoredRow[], quarantined: ReadonlySet<string> = new Set()): wasm.LoadedRow[] {
  return rows.map((row) => loadedRow(row.key, row, quarantined));
}

function loadedRow(key: string, row: StoredRow | undefined, quarantined: ReadonlySet<string>): wasm.LoadedRow {
  return { key, info: row?.info, text: row?.text, quarantined: quarantined.has(key) };
}

/** The pending write that the engine has rejected, if any. */
function rejection({ key, at, shipped }: UnseenWrite, problem: string | undefined): PendingWrite[] {
  return problem === undefined ? [] : [{ key, shipped, refused: { problem, at } }];
}

function seqOf(row: StoredRow): number {
  return row.queue?.[1] ?? (JSON.parse(row.info) as StoredInfo).op.seq;
}

function byTable<T extends { readonly key: string }>(entries: readonly T[]): Map<string, T[]> {
  const tables = new Map<string, T[]>();
  for (const entry of entries) {
    const { table } = partsOfKey(entry.key);
    const others = tables.get(table);
    if (others === undefined) {
      tables.set(table, [entry]);
    } else {
      others.push(entry);
    }
  }
  return tables;
}
