// Generated from the Rust types in web/engine by its tests: `UPDATE_BORDER=1 cargo test` in that folder writes it anew.

import type { EngineStatus } from "./api.js";

/** The maximum size of a record that an app writes, in bytes of JSON. */
export const WRITTEN_BYTES_MAX = 261944;
/** The maximum number of levels of its arrays and objects. */
export const LEVELS_MAX = 100;

export type Happened = "tick" | { "online": boolean } | { "notified": number } | "probe" | "syncNow" | "pause" | "resume" | { "signedIn": string } | "signedOut" | { "refreshed": [number, boolean] } | { "unanswered": [number, string, boolean] } | { "storeFailed": string };

export type UserRequest = { "retry": string } | { "discard": string } | "delete" | "pushAgain" | { "claim": string } | { "enable": boolean } | { "reread": string } | "current";

export type Turn = { commands: Array<Command>, status: EngineStatus, 
/**
 * Whether there is nothing to do until something happens.
 */
waiting: boolean, };

export type Command = { "command": "load", edits: "all" | "known" | "deletions", limit: number, } | { "command": "persist", step: number, } | { "command": "send", request: number, account: string, 
/**
 * The operation of the contract.
 */
operation: string, method: string, url: string, } | { "command": "refresh", request: number, } | { "command": "wakeAt", at: number | null, } | { "command": "cancel", request: number, };

export type Call = { 
/**
 * The operation of the contract.
 */
operation: string, method: string, url: string, };

export type AccountCall = { "signUp": [string, string, string] } | { "signIn": [string, string, string] } | { "refresh": string } | "signOut" | "notifications";

export type WrittenCall = { body: string, 
/**
 * The operation of the contract.
 */
operation: string, method: string, url: string, };

export type TokenAnswer = { "tokens": { account: string, accessToken: string, refreshToken: string, } } | { "refused": string } | { "unavailable": string };

export type Selection = { "keys": Array<string> } | "unacknowledged" | { "unseen": number };

export type Writes = { meta: string, 
/**
 * Whether a resync has yet to decide whether to ask the user: unseen rows are counted only then.
 */
undecided: boolean, put: Array<Put>, remove: Array<string>, remember: Array<Remembered>, quarantined: Array<QuarantineMove>, 
/**
 * App writes that violate the contract, with the reason.
 */
refused: Array<[string, string]>, 
/**
 * Keys of app writes that change nothing: the app's tables are reset to their rows.
 */
unchanged: Array<string>, };

export type Put = { key: string, info: string, live: boolean, seen: number, 
/**
 * Position in the push order, for rows with a pending edit.
 */
queue?: [number, number], since?: number, blocked?: number, };

export type Remembered = { collection: string, text: string, why: "lost" | "deleted" | "discarded", at: number, op: OpInfo, winner: OpInfo, };

export type OpInfo = { id: string, device: string, seq: number, };

export type QuarantineMove = { "quarantine": { key: string | null, collection: string | null, id: string | null, rev: number | null, raw: string, reason: string, at: number, } } | { "release": string } | { "releaseRev": number };
