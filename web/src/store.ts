// The engine's store over Dexie. Every durable step is one transaction: load rows, let the engine plan, write what it says. This file
// decides nothing.

import { Dexie } from "dexie";
import * as wasm from "../engine/pkg/engine.js";
import { ownTables, partsOfKey, pathOfTable, tableName, type Aside, type Note, type OwnTables, type StoredPast, type StoredRow } from "./database.js";

/** Which rows a plan needs: JSON of `Selection` in web/engine. */
export type Selection = "unacknowledged" | { readonly keys: readonly string[] } | { readonly unseen: number };

/** Rows as they are loaded: four lists of one length. A row that is not there has an empty `info`. */
export interface Loaded {
  readonly keys: string[];
  readonly infos: string[];
  readonly texts: string[];
  /** 1 where a version of the record is set quarantined. */
  readonly quarantined: Uint8Array;
}

/** What a plan writes: JSON of `Writes` in web/engine. */
interface Writes {
  readonly meta: string;
  readonly undecided: boolean;
  readonly put: readonly Put[];
  readonly remove: readonly string[];
  readonly remember: readonly StoredPast[];
  readonly forget: readonly number[];
  readonly quarantined: readonly Move[];
  readonly refused: readonly (readonly [key: string, problem: string])[];
  readonly unchanged: readonly string[];
}

interface Put extends Omit<StoredRow, "text"> {
  readonly live: boolean;
}

type Move = { readonly quarantine: Omit<Aside, "number"> } | { readonly release: string } | { readonly releaseRev: number };

/** The store as it is: what the engine must know of it. */
export interface State {
  /** The device's own row, JSON. */
  readonly meta: string;
  /** How much of what, JSON. */
  readonly counts: string;
}

/** Another tab leads now: nothing that this one plans may be written. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

/** A note that the engine has not seen yet. */
type Waiting = Note & { readonly at: number };

/** How many notes of the app's writes become edits in one transaction. */
const NOTES_MAX = 1_000;

export class DexieStore {
  /**
   * @param holder The tab that may write. Each step looks whether it still is the one: a tab that was frozen may find that it no longer
   * leads in the middle of one.
   */
  constructor(
    readonly database: Dexie & OwnTables,
    private readonly holder: string,
  ) {}

  /** Becomes the one that writes, and reads how things stand. The first start makes the device. */
  open(): Promise<State> {
    return this.database.transaction("rw", [...ownTables], async () => {
      await this.database._device.put({ name: "holder", value: this.holder });
      const known = await this.meta();
      const meta = known ?? wasm.newMeta(Date.now());
      await (known === undefined && this.database._device.put({ name: "meta", value: meta }));
      return { meta, counts: await this.counts(meta, true) };
    });
  }

  /** Makes edits of what the app has written, some at a time. Says whether there is more. */
  async absorb(): Promise<State & { readonly more: boolean; readonly absorbed: number }> {
    const notes = await this.database._notes.orderBy("at").limit(NOTES_MAX).toArray();
    const keys = notes.map((note) => note.key);
    return this.transaction(keys, async (meta) => {
      const writes = await this.absorbNotes(meta, keys);
      const state = await this.state(writes ?? { meta, undecided: true });
      return { ...state, more: notes.length === NOTES_MAX, absorbed: keys.length };
    });
  }

  /** Takes a durable step: `plan` decides, from what `selection` names. */
  update(selection: Selection, plan: (meta: string, rows: wasm.Rows) => wasm.Plan): Promise<State> {
    const keys = typeof selection === "object" && "keys" in selection ? selection.keys : undefined;
    return this.transaction(keys, async (meta) => {
      // An edit that nobody has stamped yet is still an edit: nothing is merged into its record before it is one (R6).
      const absorbed = await this.absorbNotes(meta, keys);
      const current = absorbed?.meta ?? meta;
      const writes = await this.apply(plan(current, crossing(await this.load(selection, current))));
      return this.state(writes);
    });
  }

  /** What a selection names, changing nothing. */
  look(selection: Selection): Promise<Loaded> {
    return this.transaction(undefined, (meta) => this.load(selection, meta));
  }

  /** Rows that wait, parents first, then in the order of their edits. */
  async pending(limit: number): Promise<wasm.Rows> {
    return crossing(loadedOf(await this.database._rows.orderBy("queue").limit(limit).toArray()));
  }

  /** Makes a past version the app's own again, as a write of the app. */
  restore(number: number): Promise<void> {
    return this.database._history.get(number).then((past) => {
      if (past === undefined) {
        throw new Error(`cannot restore the past version ${number}: there is none of this number; conflicts() lists them`);
      }
      const record = JSON.parse(past.text) as { id: string; isDeleted: boolean };
      const table = tableName(past.collection);
      return this.database.transaction("rw", [table, "_notes"], async () => {
        await (record.isDeleted ? this.database.table(table).delete(record.id) : this.database.table(table).put(record));
        await this.database._notes.put({ key: `${past.collection}/${record.id}`, at: Date.now(), shipped: 0 });
      });
    });
  }

  /** Shows the app again what its refused write had overwritten. */
  discardNote(key: string): Promise<void> {
    const { table } = partsOfKey(key);
    return this.database.transaction("rw", [table, "_notes", "_rows"], async () => {
      await this.database._notes.delete(key);
      await this.show([key]);
    });
  }

  /** A transaction over the engine's tables and those of the keys' collections; over all without keys. */
  private transaction<T>(keys: readonly string[] | undefined, job: (meta: string) => Promise<T>): Promise<T> {
    const all = this.database.tables.map((table) => table.name);
    const tables = keys === undefined ? all : [...ownTables, ...new Set(keys.map((key) => partsOfKey(key).table))];
    const known = new Set(all);
    return this.database.transaction("rw", tables.filter((table) => known.has(table)), async () => {
      const holder = await this.database._device.get("holder");
      if (holder?.value !== this.holder) {
        throw new Deposed("another tab leads now");
      }
      const meta = await this.meta();
      if (meta === undefined) {
        throw new Error("cannot go on: the database was emptied while it was open; reload the page");
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
    const { _rows, _notes, _aside } = this.database;
    const [rows, noted, notes, blocked, quarantined, since, notedSince] = await Promise.all([
      _rows.orderBy("queue").count(),
      _notes.orderBy("at").count(),
      _notes.count(),
      _rows.orderBy("blocked").count(),
      _aside.count(),
      _rows.orderBy("since").limit(1).keys(),
      _notes.orderBy("at").limit(1).keys(),
    ]);
    const times = [...since, ...notedSince] as number[];
    const counts = {
      pending: rows + noted,
      pendingSince: times.length === 0 ? null : Math.min(...times),
      blocked: blocked + notes - noted,
      quarantined,
    };
    if (!undecided) {
      return JSON.stringify(counts);
    }
    const infos = (await _rows.toArray()).map((row) => row.info);
    const [live, unseen] = wasm.countUnseen(meta, infos);
    return JSON.stringify({ ...counts, live, unseen });
  }

  private async load(selection: Selection, meta: string): Promise<Loaded> {
    const { _rows, _aside } = this.database;
    const quarantined = new Set((await _aside.count()) === 0 ? [] : (await _aside.orderBy("key").keys()).map(String));
    if (selection === "unacknowledged") {
      const rows = [...(await _rows.orderBy("queue").toArray()), ...(await _rows.orderBy("blocked").toArray())];
      return loadedOf(rows.sort((one, other) => seqOf(one) - seqOf(other)), quarantined);
    }
    if ("unseen" in selection) {
      const number = (JSON.parse(meta) as { resync?: { number: number } | null }).resync?.number;
      const unseen = _rows.filter((row) => row.seen !== number).limit(selection.unseen);
      return loadedOf(number === undefined ? [] : await unseen.toArray(), quarantined);
    }
    const keys = [...selection.keys];
    const found = await this.rows(keys);
    return {
      keys,
      infos: keys.map((key) => found.get(key)?.info ?? ""),
      texts: keys.map((key) => found.get(key)?.text ?? ""),
      quarantined: Uint8Array.from(keys, (key) => (quarantined.has(key) ? 1 : 0)),
    };
  }

  /** The rows of these keys that are there, in as few requests as can be: ids go by time, so the new records of a page lie behind all others. */
  private async rows(keys: readonly string[]): Promise<Map<string, StoredRow>> {
    const { _rows } = this.database;
    const found = await Promise.all(
      [...byTable(keys.map((key) => [key, key]))].map(async ([, some]) => {
        const [first = "", last = ""] = [some.reduce((one, other) => (one < other ? one : other)), some.reduce((one, other) => (one > other ? one : other))];
        const between = _rows.where("key").between(first, last, true, true);
        return (await between.count()) <= 2 * some.length ? between.toArray() : _rows.bulkGet(some);
      }),
    );
    return new Map(found.flat().flatMap((row) => (row === undefined ? [] : [[row.key, row] as const])));
  }

  /** Makes edits of the notes of these keys, or of all. Nothing comes back if there is none. */
  private async absorbNotes(meta: string, keys: readonly string[] | undefined): Promise<Writes | undefined> {
    const { _notes } = this.database;
    if ((await _notes.count()) === 0) {
      return undefined;
    }
    const found = keys === undefined ? await _notes.toArray() : await _notes.bulkGet([...keys]);
    const notes = found.filter((note): note is Waiting => note?.at !== undefined).sort((one, other) => one.at - other.at);
    if (notes.length === 0) {
      return undefined;
    }
    const written = await this.shown(notes.map((note) => note.key));
    const texts = notes.map((note) => written.get(note.key) ?? "");
    const rows = crossing(await this.load({ keys: notes.map((note) => note.key) }, meta));
    const plan = wasm.absorb(
      meta,
      rows,
      new wasm.Notes(
        notes.map((note) => note.key),
        Float64Array.from(notes, (note) => note.at),
        Uint8Array.from(notes, (note) => note.shipped),
        texts,
      ),
    );
    const writes = await this.apply(plan, written);
    const refused = new Map(writes.refused);
    await _notes.bulkDelete(notes.filter((note) => !refused.has(note.key)).map((note) => note.key));
    await _notes.bulkPut(notes.flatMap(({ key, at, shipped }) => refuse(key, at, shipped, refused.get(key))));
    await this.show(writes.unchanged);
    return writes;
  }

  /** The records that the app sees, as JSON. */
  private async shown(keys: readonly string[]): Promise<Map<string, string>> {
    const shown = new Map<string, string>();
    for (const [table, ids] of byTable(keys.map((key) => [key, partsOfKey(key).id] as const))) {
      const records = (await this.database.table(table).bulkGet(ids)) as ({ id: string } | undefined)[];
      const path = pathOfTable.get(table);
      for (const record of records) {
        if (record !== undefined) {
          shown.set(`${path}/${record.id}`, JSON.stringify(record));
        }
      }
    }
    return shown;
  }

  /** Shows the app the records of these rows, whatever it sees now. */
  private async show(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) {
      return;
    }
    const rows = await this.database._rows.bulkGet([...keys]);
    const shown = keys.map((key, index) => {
      const text = rows[index]?.text;
      const record = text === undefined ? undefined : (JSON.parse(text) as { isDeleted: boolean });
      return [key, record?.isDeleted === false ? record : partsOfKey(key).id] as const;
    });
    await this.showAll(shown);
  }

  /** Puts records into the app's tables, and takes those out of which only the id is given. */
  private async showAll(shown: readonly (readonly [key: string, shown: object | string])[]): Promise<void> {
    const done = [...byTable(shown)].flatMap(([table, items]) => {
      const records = items.filter((item) => typeof item === "object");
      const gone = items.filter((item) => typeof item === "string");
      const writes: unknown[] = [];
      writes.push(gone.length > 0 && this.database.table(table).bulkDelete(gone));
      writes.push(records.length > 0 && this.database.table(table).bulkPut(records));
      return writes;
    });
    await Promise.all(done);
  }

  /** Writes what was planned. `shown` is what the app sees already. */
  private async apply(plan: wasm.Plan, shown: ReadonlyMap<string, string> = new Map()): Promise<Writes> {
    const writes = JSON.parse(plan.json()) as Writes;
    const texts = plan.texts();
    plan.free();
    const { _rows, _history, _device } = this.database;
    const { put, remove, remember, forget } = writes;
    const rows = put.map(({ live: _, ...row }, index): StoredRow => ({ ...row, text: texts[index] ?? "" }));
    const changed = put.flatMap(({ key, live }, index) => {
      const text = texts[index] ?? "";
      return live && shown.get(key) === text ? [] : [[key, live ? (JSON.parse(text) as object) : partsOfKey(key).id] as const];
    });
    // A transaction does its requests in the order in which they are made: none need wait for the one before.
    await Promise.all([
      remove.length > 0 && _rows.bulkDelete([...remove]),
      this.putRows(rows),
      this.showAll([...remove.map((key) => [key, partsOfKey(key).id] as const), ...changed]),
      remember.length > 0 && _history.bulkAdd([...remember]),
      forget.length > 0 && _history.bulkDelete([...forget]),
      _device.put({ name: "meta", value: writes.meta }),
    ]);
    for (const move of writes.quarantined) {
      await this.moveAside(move);
    }
    return writes;
  }

  /**
   * Puts rows as IndexedDB itself does. Dexie would note every key, and tell every page of it, for live queries: nobody has one on these rows.
   * A request that fails aborts the transaction, which says why.
   */
  private putRows(rows: readonly StoredRow[]): void {
    const store = Dexie.currentTransaction.idbtrans.objectStore(this.database._rows.name);
    rows.forEach((row) => store.put(row));
  }

  private async moveAside(move: Move): Promise<void> {
    const { _aside } = this.database;
    if ("release" in move) {
      await _aside.where("key").equals(move.release).delete();
    } else if ("releaseRev" in move) {
      await _aside.where("rev").equals(move.releaseRev).and((quarantined) => quarantined.id === null).delete();
    } else {
      const { key, raw } = move.quarantine;
      await (key !== null && _aside.where("key").equals(key).delete());
      await _aside.where("raw").equals(raw).delete();
      await _aside.add(move.quarantine);
    }
  }
}

function loadedOf(rows: readonly StoredRow[], quarantined: ReadonlySet<string> = new Set()): Loaded {
  return {
    keys: rows.map((row) => row.key),
    infos: rows.map((row) => row.info),
    texts: rows.map((row) => row.text),
    quarantined: Uint8Array.from(rows, (row) => (quarantined.has(row.key) ? 1 : 0)),
  };
}

/** Rows on their way into the engine. */
function crossing({ keys, infos, texts, quarantined }: Loaded): wasm.Rows {
  return new wasm.Rows(keys, infos, texts, quarantined);
}

/** The note of a write that the engine has refused, if it has. */
function refuse(key: string, at: number, shipped: 0 | 1, problem: string | undefined): Note[] {
  return problem === undefined ? [] : [{ key, shipped, refused: { problem, at } }];
}

function seqOf(row: StoredRow): number {
  return row.queue?.[1] ?? (JSON.parse(row.info) as { op: { seq: number } }).op.seq;
}

function byTable<T>(entries: readonly (readonly [key: string, item: T])[]): Map<string, T[]> {
  const tables = new Map<string, T[]>();
  for (const [key, item] of entries) {
    const { table } = partsOfKey(key);
    const items = tables.get(table);
    if (items === undefined) {
      tables.set(table, [item]);
    } else {
      items.push(item);
    }
  }
  return tables;
}
