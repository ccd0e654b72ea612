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
 * `useLiveQuery` works. Each write is validated by the contract's Zod schema and noted for the next sync in the write's own transaction.
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

/** Why a write was refused; `violations` says what is wrong in which member. */
export interface RecordRefused extends Error {
  readonly name: "RecordRefused";
  /** The collection that was to be written. */
  readonly collection: string;
  /** The record's id, if it has one. */
  readonly id: string | undefined;
  /** What the contract refuses, by JSON pointer. */
  readonly violations: readonly { readonly pointer: string; readonly keyword: string; readonly message: string }[];
}

/** What a sync is made of. */
export interface SyncOptions {
  /** The server's address, such as `import.meta.env.VITE_API_BASE_URL`; `https` unless it is this machine. */
  readonly baseUrl: string;
  /** The name of the local database: one for each account. `stronglog` if not said otherwise. */
  readonly name?: string | undefined;
  /** Judges each request and each answer by the generated Zod schemas as well. For tests: it costs more than all else together. */
  readonly validateWithZod?: boolean | undefined;
  /** Makes the worker, where the bundler does not find it by itself. */
  readonly worker?: (() => Worker) | undefined;
  /** How often to pull when nothing else calls for it, in milliseconds. A minute if not said otherwise. */
  readonly pollMs?: number | undefined;
}

/** What a person signs in with. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** What sync is doing, or waiting for. */
export type SyncState =
  /** Switched off, or nobody is signed in: the data is this device's alone. */
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

/** When a collection was last in step. */
export interface CollectionStatus {
  /** When everything on the server was last pulled, in milliseconds since the Unix epoch. */
  readonly lastSuccessfulServerSyncTimestamp: number | null;
  /** When a push of its records last succeeded, in milliseconds since the Unix epoch. */
  readonly lastSuccessfulClientPushTimestamp: number | null;
}

/** How sync stands. Immutable: a new object whenever something has changed. */
export interface SyncStatus extends CollectionStatus {
  readonly state: SyncState;
  /** The signed-in account's id. */
  readonly account: string | null;
  /** Edits that the server has yet to acknowledge. While there are any, nothing is called synced. */
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
  /** What went wrong last, until something goes right. */
  readonly lastError: string | null;
  /** Whether this tab is the one that syncs; the others follow it. */
  readonly leader: boolean;
  /** Whether the browser has promised not to evict the database. */
  readonly persisted: boolean;
  /** What is wrong with the browser's storage: full, evicted, not to be opened. */
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

/** A change that this version of the app cannot read, kept word for word until a later version can. */
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

/** A version that is no longer the current one. */
export interface PastVersion {
  /** What {@link Sync.restore} takes. */
  readonly number: number;
  readonly collection: CollectionPath;
  /** The version, whole. */
  readonly record: Readonly<Record<string, unknown>> & { readonly id: string; readonly clientUpdatedAt: number };
  /** It lost against another edit, or it was deleted. */
  readonly why: "lost" | "deleted";
  /** When that happened on this device, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A device's records and their sync. Every promise rejects with an `Error` that says what was done, what was seen and what to do next. */
export interface Sync {
  readonly db: StrongLogDatabase;
  /** Fits React: `useSyncExternalStore(sync.status.subscribe, sync.status.getSnapshot)`. */
  readonly status: {
    readonly getSnapshot: () => SyncStatus;
    /** Calls the listener after each change, until the returned function is called. */
    readonly subscribe: (listener: () => void) => () => void;
  };
  /** Makes an account and signs in to it. */
  signUp(credentials: Credentials): Promise<void>;
  /**
   * Signs in. The first sign-in claims the database: everything written before is pushed to the account. Another account needs a database
   * of its own, and is refused here.
   */
  signIn(credentials: Credentials): Promise<void>;
  /** Signs out. Records and outbox stay, and go on with the next sign-in. */
  signOut(): Promise<void>;
  /** Switches sync on. It is on until somebody switches it off, but nothing is sent before the first sign-in. */
  enable(): Promise<void>;
  /** Switches sync off, for all tabs and the next start. */
  disable(): Promise<void>;
  /** Syncs now, and resolves when nothing is left to do, or nothing can be done: the status says which. */
  syncNow(): Promise<void>;
  /** Sends nothing for now; writes are kept. */
  pause(): void;
  resume(): void;
  /** The answer to `needsConfirmation`: delete here what the server no longer has, or push it again. */
  confirmDeletions(answer?: "delete" | "pushAgain"): Promise<void>;
  /** Edits that the server has refused for good. */
  blocked(): Promise<BlockedRecord[]>;
  /** Puts a refused edit back into the queue. */
  retry(collection: string, id: string): Promise<void>;
  /** Gives a refused edit up. It goes to the history, and the server's version comes back if there is one. */
  discard(collection: string, id: string): Promise<void>;
  /** Changes that this version of the app cannot read. */
  quarantine(): Promise<QuarantinedChange[]>;
  /** The newest versions that lost or were deleted; 100 if not said otherwise. */
  conflicts(limit?: number): Promise<PastVersion[]>;
  /** Brings a past version back, as a new edit. */
  restore(number: number): Promise<void>;
  /** A new time-ordered id, a UUIDv7. */
  newId(): string;
  /** Stops sync in this tab and closes the database. */
  close(): Promise<void>;
}

/** Makes the database and starts to sync in a worker, if somebody is signed in. */
export type CreateSync = (options: SyncOptions) => Sync;
