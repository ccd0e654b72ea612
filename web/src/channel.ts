// The messages between the pages and workers of one database, over one BroadcastChannel. The leading worker answers; a page does not need
// to know which worker that is.

import type { SyncStatus } from "./api.js";
import type { WorkerContract } from "./contract.js";

/** The sync status as the leading worker knows it. */
export type LeaderStatus = Omit<SyncStatus, "leader" | "persisted"> & {
  /** The id of the leading tab. */
  readonly tab: string;
};

export type Message =
  /** A page requests the status. */
  | { readonly say: "hello" }
  /** The app has written a record. */
  | { readonly say: "written" }
  /** The app has paused or resumed sync. The database stores this setting. */
  | { readonly say: "paused"; readonly paused: boolean }
  /** A worker of this version of the app leads and is alive. `first` is true only in its first message as the leader. */
  | { readonly say: "leading"; readonly tab: string; readonly version: string; readonly first: boolean }
  | { readonly say: "status"; readonly status: LeaderStatus }
  /** A page calls the leading worker. */
  | { readonly say: "call"; readonly id: string; readonly method: Method; readonly arguments: readonly unknown[] }
  | { readonly say: "answer"; readonly id: string; readonly result?: unknown; readonly error?: string };

/** The methods that a page can call. */
export type Method =
  | "blocked"
  | "confirmDeletions"
  | "conflicts"
  | "devices"
  | "disable"
  | "discard"
  | "enable"
  | "makeRecoveryCode"
  | "quarantine"
  | "recover"
  | "renameDevice"
  | "restore"
  | "retry"
  | "revokeDevice"
  | "signIn"
  | "signOut"
  | "signUp"
  | "syncNow";

/** The messages from a page to its own worker. */
export type Order =
  | { readonly order: "start"; readonly settings: Settings }
  /** The page is about to be frozen or closed: let another tab lead. */
  | { readonly order: "leave" }
  /** The page is active again. */
  | { readonly order: "enter" }
  /** Whether the platform reports that there is a network. */
  | { readonly order: "online"; readonly online: boolean }
  /** The worker answers `pong`, unless it hangs. */
  | { readonly order: "ping" }
  | { readonly order: "close" };

/** The messages from a worker to its own page. */
export type Report =
  /** The worker runs, and holds the lock `Settings.life` until it ends. */
  | { readonly report: "alive" }
  | { readonly report: "pong" }
  /** The reason why the worker cannot lead; null once it can. It retries automatically. */
  | { readonly report: "problem"; readonly problem: string | null }
  /** The engine has failed: a new worker is needed. */
  | { readonly report: "failed"; readonly problem: string };

/** The settings of a worker. */
export interface Settings {
  readonly tab: string;
  /** The Web Lock that this worker holds for its lifetime. */
  readonly life: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly validateWithZod: boolean;
  readonly pollMs: number | undefined;
  /** The contract, if it is not StrongLog's. */
  readonly contract?: WorkerContract | undefined;
}

/** The channel of a database. */
export function openChannel(name: string): BroadcastChannel {
  return new BroadcastChannel(`stronglog-sync:${name}`);
}
