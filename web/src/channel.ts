// What pages and workers of one database say to each other, over one BroadcastChannel. Whichever worker leads answers; a page need not
// know which one it is.

import type { SyncStatus } from "./api.js";

/** How things stand, as the leading worker knows it. */
export type LedStatus = Omit<SyncStatus, "leader"> & {
  /** The tab that leads. */
  readonly tab: string;
};

export type Message =
  /** A page asks how things stand. */
  | { readonly say: "hello" }
  /** The app has written. */
  | { readonly say: "written" }
  /** A worker leads, and is alive. `first` says that it has just begun to. */
  | { readonly say: "leading"; readonly tab: string; readonly first: boolean }
  | { readonly say: "status"; readonly status: LedStatus }
  /** A call of a page, for the leading worker. */
  | { readonly say: "call"; readonly id: string; readonly method: Method; readonly arguments: readonly unknown[] }
  | { readonly say: "answer"; readonly id: string; readonly result?: unknown; readonly error?: string };

/** What a page can ask of the leading worker. */
export type Method =
  | "blocked"
  | "confirmDeletions"
  | "conflicts"
  | "disable"
  | "discard"
  | "enable"
  | "pause"
  | "quarantine"
  | "restore"
  | "resume"
  | "retry"
  | "signIn"
  | "signOut"
  | "signUp"
  | "syncNow";

/** What a page says to its own worker. */
export type Order =
  | { readonly order: "start"; readonly settings: Settings }
  /** The page is about to be frozen, or is gone: let another tab lead. */
  | { readonly order: "leave" }
  /** The page is back. */
  | { readonly order: "enter" }
  /** The platform believes that there is a network, or none. */
  | { readonly order: "online"; readonly online: boolean }
  | { readonly order: "close" };

/** What a worker needs to know. */
export interface Settings {
  readonly tab: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly validateWithZod: boolean;
  readonly pollMs: number | undefined;
}

/** The channel of a database. */
export function openChannel(name: string): BroadcastChannel {
  return new BroadcastChannel(`stronglog-sync:${name}`);
}
