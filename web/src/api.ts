// What an app sees of the package: interfaces alone, so that they can be read in one sitting.

import type { Dexie, Table } from "dexie";
import type { Records } from "../../generated/typescript/stores.js";

/** `workout-logs` as a table's name: `workoutLogs`. */
export type TableName<Path extends string> = Path extends `${infer Word}-${infer Rest}` ? `${Word}${Capitalize<TableName<Rest>>}` : Path;

/** The members that sync sets by itself where the app leaves them out. */
type Completed = "clientCreatedAt" | "clientUpdatedAt" | "id" | "isDeleted" | "serverId" | "serverUpdatedAt";

/** Removes members from each arm of a union. */
type Without<T, Names extends PropertyKey> = T extends unknown ? { [Name in keyof T as Name extends Names ? never : Name]: T[Name] } : never;

/** A record as the app writes it: `id`, the times and `isDeleted` may be left out. */
export type Draft<Live> = Without<Live, Completed> & { [Name in Completed]?: Name extends keyof Live ? Live[Name] | undefined : never };

/**
 * The local database: one typed Dexie table for each collection, such as `db.workoutLogs`. Read and write it as any Dexie table;
 * `useLiveQuery` works. Each write is validated by the contract's Zod schema, and recorded for the next sync in its own transaction.
 *
 * - A record without an `id` gets a new one; `clientCreatedAt`, `clientUpdatedAt` and `isDeleted` are set.
 * - `delete()`, `clear()` and writing `isDeleted: true` all delete: the record leaves the table at once, and stays in the history.
 * - A record that the app ships is added with `clientUpdatedAt: 0` and an id of `deterministicId`: any real edit beats it.
 * - A write that fails the contract rejects with a {@link RecordRefused}, and its transaction is undone.
 */
export type StrongLogDatabase = Dexie & {
  readonly [Path in keyof Records as TableName<Path>]: Table<Records[Path], string, Draft<Records[Path]>>;
};

/** A collection's path in the contract, such as `workout-logs`. */
export type CollectionPath = keyof Records;

/** A write that the contract refuses; `violations` says what is wrong in which member. */
export interface RecordRefused extends Error {
  readonly name: "RecordRefused";
  /** The collection that was to be written. */
  readonly collection: string;
  /** The record's id, if it has one. */
  readonly id: string | undefined;
  /** What the contract refuses, by JSON pointer. */
  readonly violations: readonly { readonly pointer: string; readonly keyword: string; readonly message: string }[];
}

/** The options of {@link CreateSync}. */
export interface SyncOptions {
  /** The server's address, such as `import.meta.env.VITE_API_BASE_URL`; `https`, unless it is this machine. */
  readonly baseUrl: string;
  /** The name of the local database: one for each account. The default is `stronglog`. */
  readonly name?: string | undefined;
  /** Validates each request and each answer with the generated Zod schemas as well. For tests: it costs more than all else together. */
  readonly validateWithZod?: boolean | undefined;
  /** Makes the worker, where the bundler does not find it by itself. */
  readonly worker?: (() => Worker) | undefined;
  /** How often to pull when nothing else calls for it, in milliseconds. The default is a minute. */
  readonly pollMs?: number | undefined;
}

/** An email address and a password. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** What sync is doing, or is waiting for. */
export type SyncState =
  /** No tab syncs yet: the worker is loading. */
  | "starting"
  /**
   * Sync cannot run: `lastError` says why, and what mends it. It is tried again by itself; until then calls that need it are rejected, and
   * reading and writing go on.
   */
  | "unavailable"
  /** Switched off, or nobody is signed in: the records are on this device only. */
  | "off"
  /** The app has paused sync. */
  | "paused"
  /** The server cannot be reached; it is tried again. */
  | "offline"
  /** The user must sign in again. */
  | "needsAuth"
  /** A resync would delete many records; the user is asked first: {@link Sync.confirmDeletions}. */
  | "needsConfirmation"
  /** The app is too old for the server. */
  | "upgradeRequired"
  /** Something is being sent, received or stored. */
  | "syncing"
  /** Nothing to do until somebody writes, here or elsewhere. */
  | "idle";

/** When a collection was last synced. */
export interface CollectionStatus {
  /** When everything on the server was last pulled, in milliseconds since the Unix epoch. */
  readonly lastSuccessfulServerSyncTimestamp: number | null;
  /** When a push of its records last succeeded, in milliseconds since the Unix epoch. */
  readonly lastSuccessfulClientPushTimestamp: number | null;
}

/** The state of sync. Immutable: there is a new object after each change. */
export interface SyncStatus extends CollectionStatus {
  readonly state: SyncState;
  /** The signed-in account's id. */
  readonly account: string | null;
  /** Edits that the server has yet to acknowledge, and writes that no worker has seen yet. */
  readonly pending: number;
  /** When the oldest of them was made, in milliseconds since the Unix epoch. */
  readonly pendingSince: number | null;
  /** Edits that the server has refused for good. */
  readonly blocked: number;
  /** Changes that this version of the app cannot read. */
  readonly quarantined: number;
  /** The two timestamps for each collection. */
  readonly collections: Readonly<Record<string, CollectionStatus>>;
  /** In how many milliseconds sync tries again by itself. */
  readonly nextAttemptInMs: number | null;
  /** Records that a full resync would delete, if the user agrees. Only in the state `needsConfirmation`. */
  readonly toBeDeleted: number;
  /** The last failure, until a sync succeeds. */
  readonly lastError: string | null;
  /** Whether this tab is the one that syncs; the others follow it. */
  readonly leader: boolean;
  /** Whether the browser has promised not to evict the database. */
  readonly persisted: boolean;
  /** What is wrong with the browser's storage: it is full, was cleared, or cannot be opened. */
  readonly storageProblem: string | null;
}

/** An edit that the server has refused for good. */
export interface BlockedRecord {
  readonly collection: CollectionPath;
  readonly id: string;
  /** The refused version, or its tombstone. */
  readonly record: unknown;
  /** The contract's rejection code. */
  readonly code: string;
  /** Why, in a sentence for the user. */
  readonly message: string;
  /** When the edit was made, in milliseconds since the Unix epoch. */
  readonly since: number;
}

/** A change that this version of the app cannot read, kept as it came until a later version can read it. */
export interface QuarantinedChange {
  /** The collection's path, which this version may not know. */
  readonly collection: string | null;
  readonly id: string | null;
  /** The change as it came, as JSON text. */
  readonly raw: string;
  /** Why it cannot be read. */
  readonly reason: string;
  /** When it arrived, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A version that was replaced or deleted. */
export interface PastVersion {
  /** What {@link Sync.restore} takes. */
  readonly number: number;
  readonly collection: CollectionPath;
  /** The version, whole. */
  readonly record: Readonly<Record<string, unknown>> & { readonly id: string; readonly clientUpdatedAt: number };
  /** Whether it lost to another edit, was deleted, or was refused by the server and discarded. */
  readonly why: "lost" | "deleted" | "discarded";
  /** When that happened on this device, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * A device's records and their sync. Every promise settles, whether the engine runs or not, and none waits for the user. Each rejects with
 * an `Error` that says what was done, what was seen and what to do next.
 */
export interface Sync {
  readonly db: StrongLogDatabase;
  /** Fits React: `useSyncExternalStore(sync.status.subscribe, sync.status.getSnapshot)`. */
  readonly status: {
    readonly getSnapshot: () => SyncStatus;
    /** Calls the listener after each change, until the returned function is called. */
    readonly subscribe: (listener: () => void) => () => void;
  };
  /** Creates an account and signs in to it. In a database that belongs to an account already, it is refused before anything is created. */
  signUp(credentials: Credentials): Promise<void>;
  /**
   * Signs in. The first sign-in claims the database: everything written before is pushed to the account. Another account is refused here, and
   * needs a database of its own: another `name` in {@link SyncOptions}.
   */
  signIn(credentials: Credentials): Promise<void>;
  /** Signs out. Records and outbox stay, and go on with the next sign-in. */
  signOut(): Promise<void>;
  /** Switches sync on. It is on until somebody switches it off, but nothing is sent before the first sign-in. */
  enable(): Promise<void>;
  /** Switches sync off, for all tabs and the next start. */
  disable(): Promise<void>;
  /**
   * Syncs now, and resolves when nothing is left to do, or nothing can be done: the status says which. It never waits for the user: in
   * `needsAuth` and `needsConfirmation` it resolves at once.
   */
  syncNow(): Promise<void>;
  /** Sends nothing until {@link Sync.resume}, across reloads and in all tabs; writes are kept. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The answer to `needsConfirmation`: delete here what the server no longer has, or push it again. */
  confirmDeletions(answer?: "delete" | "pushAgain"): Promise<void>;
  /** Edits that the server has refused for good. */
  blocked(): Promise<BlockedRecord[]>;
  /** Puts a refused edit back into the queue. */
  retry(collection: string, id: string): Promise<void>;
  /** Gives up a refused edit. It goes to the history, and the server's version comes back if there is one. */
  discard(collection: string, id: string): Promise<void>;
  /** Changes that this version of the app cannot read. */
  quarantine(): Promise<QuarantinedChange[]>;
  /** The newest versions that lost or were deleted; 100 by default. */
  conflicts(limit?: number): Promise<PastVersion[]>;
  /** Brings a past version back, as a new edit. */
  restore(number: number): Promise<void>;
  /** A new time-ordered id, a UUIDv7. */
  newId(): string;
  /** Stops sync in this tab and closes the database. */
  close(): Promise<void>;
}

/** Makes the database, and starts to sync in a worker if somebody is signed in. */
export type CreateSync = (options: SyncOptions) => Sync;
