// The conformance scenarios of tests/scenarios/stores.json on a Dexie store. Runs in Node and in the browser.

import { makeDatabase, tableName, type StoredRow } from "../../src/database.js";
import type { Selection } from "../../src/border.js";
import { DexieStore, type Edits } from "../../src/store.js";
import { collections } from "../../../generated/typescript/stores.js";
import type * as wasm from "../../engine/pkg/engine.js";

interface Row {
  readonly collection?: string;
  readonly id: number;
  readonly seq?: number;
  readonly baseRev?: number;
  readonly seen?: number;
  readonly pending?: number;
  readonly lost?: true;
  readonly baseStamp?: number;
  readonly block?: { readonly code: string; readonly message: string };
  readonly deleted?: boolean;
  readonly at?: number;
}

type Write =
  | { readonly put: Row }
  | { readonly remove: number }
  | { readonly remember: Row }
  | { readonly quarantine: { readonly id: number | null; readonly rev: number; readonly raw: string } }
  | { readonly release: number }
  | { readonly releaseRev: number };

type Step = Readonly<Record<string, unknown>> & { readonly write?: readonly Write[]; readonly resync?: object };

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

const FIRST = collections[0]?.path ?? "";
const uuid = (number: number): string => `00000000-0000-0000-0000-${number.toString(16).padStart(12, "0")}`;
const keyOf = (id: number, collection: string = FIRST): string => `${collection}/${uuid(id)}`;
const numberOf = (key: string): number => parseInt(key.slice(-12), 16);

/** Runs a scenario on a separate database, and returns the differences from what was expected. */
export async function run(scenario: Scenario, name: string): Promise<string[]> {
  const database = makeDatabase(name);
  const store = new DexieStore(database, "the only tab");
  await store.open();
  const problems: string[] = [];
  for (const step of scenario.steps) {
    const { found, expected } = await take(store, step);
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      problems.push(`${scenario.name}, at ${JSON.stringify(step)}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }
  }
  database.close();
  return problems;
}

async function take(store: DexieStore, step: Step): Promise<{ readonly found: unknown; readonly expected: unknown }> {
  const { _rows, _history, _quarantine } = store.database;
  if (step.write !== undefined) {
    await write(store, step.write, step.resync);
    return { found: true, expected: true };
  }
  if ("get" in step) {
    const found = await _rows.get(keyOf(step["get"] as number));
    const shown = await store.database.table(tableName(FIRST)).get(uuid(step["get"] as number));
    const expected = step["is"] === null ? undefined : rowOf(step["is"] as Row);
    const isShown = expected !== undefined && (step["is"] as Row).deleted !== true;
    return { found: [sorted(found), shown !== undefined], expected: [sorted(expected), isShown] };
  }
  if ("blocked" in step) {
    return { found: (await _rows.orderBy("blocked").toArray()).map((row) => numberOf(row.key)), expected: step["blocked"] };
  }
  if ("pending" in step) {
    const rows = await store.pending((step["edits"] ?? "all") as Edits, step["pending"] as number);
    return { found: rows.map((row) => numberOf(row.key)), expected: step["rows"] };
  }
  if ("history" in step) {
    const past = await _history.reverse().limit(step["history"] as number).toArray();
    return { found: past.map(({ text }) => numberOf((JSON.parse(text) as { id: string }).id)), expected: step["rows"] };
  }
  if ("counts" in step) {
    const { counts } = await plan(store, {}, []);
    const { live = 0, unseen = 0, ...found } = JSON.parse(counts) as Record<string, number | null>;
    const { live: live_ = 0, unseen: unseen_ = 0, ...expected } = step["counts"] as Record<string, number | null>;
    // Live and unseen rows are counted only in an undecided resync.
    return "live" in (step["counts"] as object) ? { found: { ...found, live, unseen }, expected: { ...expected, live: live_, unseen: unseen_ } } : { found, expected };
  }
  if ("select" in step) {
    return select(store, step);
  }
  return { found: (await _quarantine.toArray()).map((change) => change.raw), expected: step["quarantined"] };
}

async function select(store: DexieStore, step: Step): Promise<{ readonly found: unknown; readonly expected: unknown }> {
  const selected = step["select"] as "unacknowledged" | { readonly unseen: number } | readonly number[];
  const selection = (Array.isArray(selected) ? { keys: selected.map((id: number) => keyOf(id)) } : selected) as Selection;
  const loaded = await store.look(selection);
  const rows = loaded.map(({ key, info }) => (info === undefined ? null : numberOf(key)));
  if ("unordered" in step) {
    return { found: rows.sort(), expected: step["unordered"] };
  }
  return { found: [rows, loaded.map((row) => row.quarantined)], expected: [step["rows"], step["quarantined"]] };
}

function write(store: DexieStore, writes: readonly Write[], resync: object | undefined): Promise<unknown> {
  const put = writes.flatMap((write) => ("put" in write ? [write.put] : []));
  const quarantined = writes.flatMap((write): object[] => {
    if ("quarantine" in write) {
      const { id, rev, raw } = write.quarantine;
      const named = { collection: FIRST, id: id === null ? null : uuid(id), key: id === null ? null : keyOf(id) };
      return [{ quarantine: { ...named, rev, raw, reason: "unknown", at: 1 } }];
    }
    return "release" in write ? [{ release: keyOf(write.release) }] : "releaseRev" in write ? [write] : [];
  });
  const planned = {
    put: put.map((row) => ({ ...rowOf(row), text: undefined, live: row.deleted !== true })),
    remove: writes.flatMap((write) => ("remove" in write ? [keyOf(write.remove)] : [])),
    remember: writes.flatMap((write) =>
      "remember" in write ? [{ collection: FIRST, text: textOf(write.remember), why: "lost", at: write.remember.at }] : [],
    ),
    quarantined,
  };
  return plan(store, planned, put.map(textOf), resync);
}

/** Applies a plan as the engine would write it. */
function plan(store: DexieStore, planned: object, texts: string[], resync?: object): Promise<{ readonly counts: string }> {
  return store.update({ keys: [keyOf(1), keyOf(1, "logged-sets")] }, (meta) => {
    const before = JSON.parse(meta) as { resync: { pulled: boolean } | null };
    const now = resync === undefined ? before : { ...before, resync };
    const none = { put: [], remove: [], remember: [], quarantined: [], refused: [], unchanged: [] };
    const json = JSON.stringify({ ...none, meta: JSON.stringify(now), undecided: now.resync !== null, ...planned });
    return { json: () => json, texts: () => texts, free: () => undefined } as unknown as wasm.Plan;
  });
}

function textOf({ id, deleted = false }: Row): string {
  return `{"id":"${uuid(id)}","clientCreatedAt":1,"clientUpdatedAt":5,"isDeleted":${deleted}}`;
}

function rowOf(row: Row): StoredRow {
  const { collection = FIRST, id, seq = 1, baseRev = null, seen = 0, pending, lost, baseStamp, block, deleted = false } = row;
  const info = {
    op: { id: uuid(1_000 + seq), device: uuid(7), seq },
    stamp: 5,
    deleted,
    baseRev,
    seen,
    ...(pending === undefined ? {} : { since: pending }),
    ...(lost === undefined ? {} : { lost }),
    ...(baseStamp === undefined ? {} : { baseStamp }),
    ...(block === undefined ? {} : { block }),
  };
  const place = collections.findIndex((candidate) => candidate.path === collection);
  const waits = pending === undefined ? {} : block === undefined ? { queue: [place, seq] as const, since: pending } : { blocked: pending };
  return { key: keyOf(id, collection), info: JSON.stringify(info), seen, ...waits, text: textOf(row) };
}

function sorted(row: object | undefined): unknown {
  return row === undefined ? undefined : Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1));
}
