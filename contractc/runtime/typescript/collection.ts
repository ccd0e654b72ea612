// Describes collections to a sync engine as data, declares local stores, and derives ids that are the same on all devices.

import type * as z from "zod";

/** A synced collection. */
export interface Collection {
  /** The path segment, and the collection's name everywhere. */
  readonly path: string;
  /** The name of the schema of live records. */
  readonly schemaName: string;
  /** The schema of live records. */
  readonly schema: z.ZodType;
  /** The key of the only record that the collection may have. */
  readonly singleton?: string;
  /** The member from which the ids of shipped records are derived. */
  readonly naturalKey?: string;
  /** Collections whose records are pushed first. */
  readonly parents: readonly string[];
  readonly indexes: readonly Index[];
  /** Members that refer to records of other collections. */
  readonly references: readonly Reference[];
  /** The version of the local database that introduced the collection. */
  readonly since: number;
  /** The route from which changes are pulled, if the contract declares one. */
  readonly feed?: Route;
  /** The route to which batches of changes are pushed, if the contract declares one. */
  readonly batch?: Route;
  /** The route on which single records are read, written and deleted, if the contract declares one. */
  readonly record?: Route;
}

/** A path that serves a collection. */
export interface Route {
  /** The path template, with parameters in braces. */
  readonly path: string;
  /** The methods of the path, each with its operation id. */
  readonly operations: Readonly<Record<string, string>>;
}

/** An index over members of a collection's records. */
export interface Index {
  readonly members: readonly string[];
  /** Whether each item of the (only) array member gets its own entry. */
  readonly multi: boolean;
}

/** A member that holds the id of another record. */
export interface Reference {
  /**
   * Member names from the record down to the id. `*` stands for every item of an array or every entry of a map, and `{key}` for every key
   * of a map, where the id is at the end of the key.
   */
  readonly path: readonly string[];
  /** The collection to which the id refers. */
  readonly collection: string;
}

/** The stores that each version of a local database introduced, in Dexie's syntax. */
export interface StoreVersions {
  readonly [version: number]: Readonly<Record<string, string>>;
}

/** The part of a Dexie database that `defineStores` uses. */
interface Versioned {
  version(number: number): { stores(stores: Record<string, string>): unknown };
}

/** Declares all versions of the stores on a Dexie database that is not yet open. */
export function defineStores(database: Versioned, versions: StoreVersions): void {
  for (const [version, stores] of Object.entries(versions)) {
    database.version(Number(version)).stores({ ...stores });
  }
}

/**
 * Derives the id of a record that every device creates for itself but that must be the same record on all devices: the UUIDv5 of
 * `collection/key` in a namespace.
 *
 * @throws RangeError if the namespace is not a UUID.
 */
export function deterministicId(namespace: string, collection: string, key: string): string {
  const digits = namespace.replaceAll("-", "");
  if (!/^[\da-f]{32}$/i.test(digits)) {
    throw new RangeError(`cannot derive ids in the namespace ${JSON.stringify(namespace)}: it is not a UUID`);
  }
  const prefix = Uint8Array.from({ length: 16 }, (_, index) => parseInt(digits.slice(2 * index, 2 * index + 2), 16));
  const name = new TextEncoder().encode(`${collection}/${key}`);
  const bytes = sha1(Uint8Array.of(...prefix, ...name)).slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

/** SHA-1 (RFC 3174). `crypto.subtle` has only an asynchronous digest, and ids are needed synchronously. */
function sha1(message: Uint8Array): Uint8Array {
  const length = Math.ceil((message.length + 9) / 64) * 64;
  const padded = new DataView(new ArrayBuffer(length));
  message.forEach((byte, index) => padded.setUint8(index, byte));
  padded.setUint8(message.length, 0x80);
  padded.setBigUint64(length - 8, BigInt(message.length) * 8n);
  let state: Words = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let start = 0; start < length; start += 64) {
    state = sha1Block(state, padded, start);
  }
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(4 * index, word));
  return new Uint8Array(digest.buffer);
}

type Words = [number, number, number, number, number];

function sha1Block(state: Words, padded: DataView, start: number): Words {
  const words = Array.from({ length: 16 }, (_, index) => padded.getUint32(start + 4 * index));
  let [a, b, c, d, e] = state;
  for (let round = 0; round < 80; round += 1) {
    if (round >= 16) {
      const mixed = [3, 8, 14, 16].reduce((word, back) => word ^ (words[round - back] ?? 0), 0);
      words.push(rotate(mixed, 1));
    }
    const [mix, constant] = sha1Round(round, b, c, d);
    const next = (rotate(a, 5) + mix + e + constant + (words[round] ?? 0)) | 0;
    [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
  }
  return [state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e].map((word) => word >>> 0) as Words;
}

function sha1Round(round: number, b: number, c: number, d: number): [mix: number, constant: number] {
  if (round < 20) {
    return [(b & c) | (~b & d), 0x5a827999];
  }
  if (round < 40) {
    return [b ^ c ^ d, 0x6ed9eba1];
  }
  return round < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
