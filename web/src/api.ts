// The package's public API: only interfaces, so that they can be read quickly.

import type { Dexie, Table } from "dexie";
import type { Records as StrongLogRecords } from "../../generated/typescript/stores.js";
import type { Device } from "../../generated/typescript/types.js";
import type { Contract } from "./contract.js";

/** `workout-logs` as a table name: `workoutLogs`. */
export type TableName<Path extends string> = Path extends `${infer Word}-${infer Rest}` ? `${Word}${Capitalize<TableName<Rest>>}` : Path;

/** The members that sync sets if the app omits them. */
type Completed = "clientCreatedAt" | "clientUpdatedAt" | "id" | "isDeleted" | "serverId" | "serverUpdatedAt";

/** Removes members from each variant of a union. An optional member may also be `undefined`, which is as if it were absent. */
type Without<T, Names extends PropertyKey> = T extends unknown
  ? { [Name in keyof T as Name extends Names ? never : Name]: object extends Pick<T, Name> ? T[Name] | undefined : T[Name] }
  : never;

/** A record as the app writes it: `id`, the times and `isDeleted` may be omitted. Writing `isDeleted: true` deletes the record. */
export type Draft<Live> = Without<Live, Completed> & {
  [Name in Exclude<Completed, "isDeleted">]?: Name extends keyof Live ? Live[Name] | undefined : never;
} & { isDeleted?: boolean | undefined };

/**
 * The local database: one typed Dexie table for each collection, such as `db.workoutLogs`. Read and write it as any Dexie table;
 * `useLiveQuery` works. Each write is validated by the contract's Zod schema, and recorded for the next sync in its own transaction.
 *
 * - A record without an `id` gets a new one; `clientCreatedAt`, `clientUpdatedAt` and `isDeleted` are set.
 * - `delete()`, `clear()` and writing `isDeleted: true` all delete: the record disappears from the table at once, and stays in the history.
 * - Add a record that the app ships with `clientUpdatedAt: 0` and an id from `deterministicId`: any user edit wins over it.
 * - A write that violates the contract rejects with a {@link RecordRefused}. It rolls back its transaction unless the app catches it.
 */
export type SyncDatabase<Records> = Dexie & {
  readonly [Path in keyof Records & string as TableName<Path>]: Table<Records[Path], string, Draft<Records[Path]>>;
};

/** The local database of StrongLog's contract. */
export type StrongLogDatabase = SyncDatabase<StrongLogRecords>;

/** The path of a collection in StrongLog's contract, such as `workout-logs`. */
export type CollectionPath = keyof StrongLogRecords;

/** The error of a write that violates the contract. `violations` names each member and its error. */
export interface RecordRefused extends Error {
  readonly name: "RecordRefused";
  /** The collection of the rejected write. */
  readonly collection: string;
  /** The record's id, if it has one. */
  readonly id: string | undefined;
  /** The violations of the contract, each with a JSON pointer. */
  readonly violations: readonly { readonly pointer: string; readonly keyword: string; readonly message: string }[];
}

/** The options of {@link CreateSync}. */
export interface SyncOptions {
  /** The server's address, such as `import.meta.env.VITE_API_BASE_URL`; must be `https`, unless it is this machine. */
  readonly baseUrl: string;
  /** The contract of the records, if it is not StrongLog's. */
  readonly contract?: Contract | undefined;
  /** The name of the local database; each account needs its own. The default is `stronglog`, or `app` with your own contract. */
  readonly name?: string | undefined;
  /** Also validates each request and response with the generated Zod schemas. For tests: it costs more than everything else together. */
  readonly validateWithZod?: boolean | undefined;
  /** Creates the worker, for bundlers that do not find it automatically. */
  readonly worker?: (() => Worker) | undefined;
  /** The interval in milliseconds at which to pull when nothing else triggers a pull. The default is a minute. */
  readonly pollMs?: number | undefined;
}

/** An email address and a password. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** The recovery code of an account, and the new password. */
export interface Recovery {
  readonly email: string;
  readonly recoveryCode: string;
  readonly newPassword: string;
}

/** What sync is doing or waiting for. */
export type SyncState =
  /** No tab syncs yet: the worker is being loaded. */
  | "starting"
  /**
   * Sync cannot run: `lastError` gives the reason and how to fix it. Sync is retried automatically. Until then calls that need it are
   * rejected, while reading and writing still work.
   */
  | "unavailable"
  /** Sync is switched off, or no user is signed in: the records are only on this device. */
  | "off"
  /** The app has paused sync. */
  | "paused"
  /** The server cannot be reached; the connection is retried. */
  | "offline"
  /** The user must sign in again. */
  | "needsAuth"
  /** A resync would delete many records, and the user must confirm it: {@link Sync.confirmDeletions}. */
  | "needsConfirmation"
  /** The app is too old for the server: update it. */
  | "upgradeRequired"
  /** Something is being sent, received or stored. */
  | "syncing"
  /** Nothing to do until a record changes, here or elsewhere. */
  | "idle";

/** When a collection was last synced. */
export interface CollectionStatus {
  /** When all changes on the server were last pulled, in milliseconds since the Unix epoch. */
  readonly lastSuccessfulServerSyncTimestamp: number | null;
  /** When a push of its records last succeeded, in milliseconds since the Unix epoch. */
  readonly lastSuccessfulClientPushTimestamp: number | null;
}

/** The state of sync. Immutable: each change creates a new object. */
export interface SyncStatus extends CollectionStatus {
  readonly state: SyncState;
  /** The signed-in account's id. */
  readonly account: string | null;
  /** The number of edits that the server has not acknowledged yet, including writes that no worker has seen yet. */
  readonly pending: number;
  /** When the oldest of them was made, in milliseconds since the Unix epoch. */
  readonly pendingSince: number | null;
  /** The number of edits that the server has rejected permanently. */
  readonly blocked: number;
  /** The number of changes that this version of the app cannot read. */
  readonly quarantined: number;
  /**
   * Edits of collections that this version of the app does not have, by collection. They are part of `pending`, and wait for a version that
   * has the collection.
   */
  readonly unknownCollections: Readonly<Record<string, number>>;
  /** When each collection was last pulled and pushed. */
  readonly collections: Readonly<Record<string, CollectionStatus>>;
  /** The number of milliseconds until sync retries automatically. */
  readonly nextAttemptInMs: number | null;
  /** The number of records that a full resync would delete, if the user confirms it. Only in the state `needsConfirmation`. */
  readonly toBeDeleted: number;
  /**
   * Since when records of this device have differed from the server's, although everything was fetched again. In milliseconds since the
   * Unix epoch.
   */
  readonly differsSince: number | null;
  /** When this device last found that it differed from the server and fetched everything again, in milliseconds since the Unix epoch. */
  readonly lastDifferenceAt: number | null;
  /** The last failure; cleared when a sync succeeds. */
  readonly lastError: string | null;
  /** How many milliseconds the server's clock is ahead of this device's, or behind it if negative. Set from a difference of five minutes. */
  readonly serverClockAheadMs: number | null;
  /**
   * Whether edits of this device get the server's time although the clocks differ. Until that is so, they may lose against earlier ones of
   * other devices, or wait.
   */
  readonly correctsClock: boolean;
  /** Whether this tab is the one that syncs; the other tabs follow it. */
  readonly leader: boolean;
  /** Whether the browser has promised not to evict the database. */
  readonly persisted: boolean;
  /**
   * The problem with the browser's storage: it is full, was cleared, or cannot be opened. Or a newer version of the app has changed the
   * database, and this page must be reloaded to sync what only that version knows.
   */
  readonly storageProblem: string | null;
}

/** The part of the status that the engine provides. */
export type EngineStatus = Omit<SyncStatus, "account" | "leader" | "persisted" | "storageProblem" | "unknownCollections">;

/** An edit that the server has rejected permanently. */
export interface BlockedRecord<Path extends string = CollectionPath> {
  readonly collection: Path;
  readonly id: string;
  /** The rejected version, or its tombstone. */
  readonly record: unknown;
  /** The contract's rejection code. */
  readonly code: string;
  /** The reason, as a sentence for the user. */
  readonly message: string;
  /** When the edit was made, in milliseconds since the Unix epoch. */
  readonly since: number;
}

/** A change that this version of the app cannot read, stored unchanged until a later version can read it. */
export interface QuarantinedChange {
  /** The collection's path, which may be unknown to this version. */
  readonly collection: string | null;
  readonly id: string | null;
  /** The change as it was received, as JSON text. */
  readonly raw: string;
  /** Why the change cannot be read. */
  readonly reason: string;
  /** When the change arrived, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A version that was replaced or deleted. */
export interface PastVersion<Path extends string = CollectionPath> {
  /** The argument for {@link Sync.restore}. */
  readonly number: number;
  readonly collection: Path;
  /** The complete version. */
  readonly record: Readonly<Record<string, unknown>> & { readonly id: string; readonly clientUpdatedAt: number };
  /** Whether the version lost to another edit, was deleted, or was rejected by the server and discarded. */
  readonly why: "lost" | "deleted" | "discarded";
  /** When that happened on this device, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * A device's records and their sync. Every promise settles, whether or not the engine runs, and none waits for the user. A rejected promise
 * has an `Error` that says what was done, what was seen and what to do next.
 */
export interface Sync<Records = StrongLogRecords> {
  readonly db: SyncDatabase<Records>;
  /** Compatible with React: `useSyncExternalStore(sync.status.subscribe, sync.status.getSnapshot)`. */
  readonly status: {
    readonly getSnapshot: () => SyncStatus;
    /** Calls the listener after each change, until the returned function is called. */
    readonly subscribe: (listener: () => void) => () => void;
  };
  /** Creates an account and signs in to it. If the database already belongs to an account, this rejects before anything is created. */
  signUp(credentials: Credentials): Promise<void>;
  /**
   * Signs in. The first sign-in claims the database: all existing records are pushed to the account. Another account is rejected, and needs
   * its own database: set another `name` in {@link SyncOptions}.
   */
  signIn(credentials: Credentials): Promise<void>;
  /** Signs out. The records and the outbox are kept, and syncing continues with the next sign-in. */
  signOut(): Promise<void>;
  /** Lists the devices that are signed in to the account, most recently seen first. */
  devices(): Promise<Device[]>;
  renameDevice(id: string, name: string): Promise<void>;
  /** Signs out one device, for example one that was lost. The server rejects its next request. The device keeps its records. */
  revokeDevice(id: string): Promise<void>;
  /** Creates a recovery code, which replaces the previous one. Show it to the user, because it cannot be read again. */
  makeRecoveryCode(password: string): Promise<string>;
  /** Sets a new password with the recovery code, and signs out every device. The code is then spent. */
  recover(recovery: Recovery): Promise<void>;
  /** Switches sync on. Sync is on by default, but nothing is sent before the first sign-in. */
  enable(): Promise<void>;
  /** Switches sync off, for all tabs and after restarts. */
  disable(): Promise<void>;
  /**
   * Syncs now, and resolves when nothing is left to do or nothing can be done: the status says which. It never waits for the user: in
   * `needsAuth` and `needsConfirmation` it resolves at once.
   */
  syncNow(): Promise<void>;
  /** Sends nothing until {@link Sync.resume} is called, across reloads and in all tabs; writes are kept. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Answers `needsConfirmation`: deletes here the records that the server no longer has, or pushes them again. */
  confirmDeletions(answer?: "delete" | "pushAgain"): Promise<void>;
  /** Lists the edits that the server has rejected permanently. */
  blocked(): Promise<BlockedRecord<keyof Records & string>[]>;
  /** Puts a rejected edit back into the outbox. */
  retry(collection: string, id: string): Promise<void>;
  /** Discards a rejected edit. It moves to the history, and the server's version is restored if there is one. */
  discard(collection: string, id: string): Promise<void>;
  /** Lists the changes that this version of the app cannot read. */
  quarantine(): Promise<QuarantinedChange[]>;
  /** Lists the newest versions that lost a conflict or were deleted; 100 by default. */
  conflicts(limit?: number): Promise<PastVersion<keyof Records & string>[]>;
  /** Restores a past version, as a new edit. */
  restore(number: number): Promise<void>;
  /** Returns a new time-ordered id, a UUIDv7. */
  newId(): string;
  /** Stops sync in this tab and closes the database. */
  close(): Promise<void>;
}

/**
 * Creates the local database, and starts to sync in a worker if a user is signed in. With your own contract, pass the generated interface
 * of its records: `createSync<stores.Records>({ contract, baseUrl })`.
 */
export interface CreateSync {
  (options: SyncOptions): Sync;
  <Records extends object>(options: SyncOptions & { readonly contract: Contract }): Sync<Records>;
}
