// The messages between pages and workers of one database, over one BroadcastChannel. Whichever worker leads answers; a page need not know
// which one it is.

import type { SyncStatus } from "./api.js";

/** The sync status as the leading worker knows it. */
export type LeaderStatus = Omit<SyncStatus, "leader" | "persisted"> & {
  /** The tab that leads. */
  readonly tab: string;
};

export type Message =
  /** A page asks for the status. */
  | { readonly say: "hello" }
  /** The app has written. */
  | { readonly say: "written" }
  /** The app has paused sync, or resumed it. The database remembers it. */
  | { readonly say: "paused"; readonly paused: boolean }
  /** A worker leads, and is alive. `first` is true once, when it begins to lead. */
  | { readonly say: "leading"; readonly tab: string; readonly first: boolean }
  | { readonly say: "status"; readonly status: LeaderStatus }
  /** A page calls the leading worker. */
  | { readonly say: "call"; readonly id: string; readonly method: Method; readonly arguments: readonly unknown[] }
  | { readonly say: "answer"; readonly id: string; readonly result?: unknown; readonly error?: string };

/** What a page can call. */
export type Method =
  | "blocked"
  | "confirmDeletions"
  | "conflicts"
  | "disable"
  | "discard"
  | "enable"
  | "quarantine"
  | "restore"
  | "retry"
  | "signIn"
  | "signOut"
  | "signUp"
  | "syncNow";

/** What a page tells its own worker to do. */
export type Order =
  | { readonly order: "start"; readonly settings: Settings }
  /** The page is about to be frozen, or is gone: let another tab lead. */
  | { readonly order: "leave" }
  /** The page is back. */
  | { readonly order: "enter" }
  /** Whether the platform believes that there is a network. */
  | { readonly order: "online"; readonly online: boolean }
  | { readonly order: "close" };

/** What a worker reports to its own page. */
export type Report =
  /** It runs, and holds the lock `Settings.life` until it ends. */
  | { readonly report: "alive" }
  /** It cannot lead, and why; null once it does. It tries again by itself. */
  | { readonly report: "problem"; readonly problem: string | null }
  /** The engine has failed: only a new worker helps. */
  | { readonly report: "failed"; readonly problem: string };

/** What a worker needs to know. */
export interface Settings {
  readonly tab: string;
  /** The Web Lock that this worker holds as long as it lives. */
  readonly life: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly validateWithZod: boolean;
  readonly pollMs: number | undefined;
}

/** The channel of a database. */
export function openChannel(name: string): BroadcastChannel {
  return new BroadcastChannel(`stronglog-sync:${name}`);
}
