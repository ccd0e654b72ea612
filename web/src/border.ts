// Generated from the Rust types in web/engine by its tests: `UPDATE_BORDER=1 cargo test` in that folder regenerates it.

import type { EngineStatus } from "./api.js";

/** The maximum size of a record that an app writes, in bytes of JSON. */
export const WRITTEN_BYTES_MAX = 261944;
/** The maximum number of levels of its arrays and objects. */
export const LEVELS_MAX = 100;
/** The maximum size of a response body. */
export const RESPONSE_BYTES_MAX = 16777216;
/** The longest wait for the first change notification, which the server sends at once. */
export const FIRST_REVISION_MS_MAX = 15000;
/** The longest silence of the change notifications after that. The server sends a comment every 20 seconds. */
export const SILENCE_MS_MAX = 50000;
/** A program that sends more than this without a revision is not a sync server. */
export const BYTES_WITHOUT_REVISION_MAX = 65536;
/** The delay before change notifications are opened again. */
export const NOTIFICATIONS_RETRY_MS = 5000;
/** The body of a server's response for an ended session. */
export const SESSION_ENDED = "{\"code\":\"unauthorized\",\"title\":\"the session has ended\"}";
/** The operations that are called without the engine. */
export const OPERATIONS = {
  listDevices: { operation: "listDevices", method: "GET", path: "/api/v1/account/devices" },
  renameDevice: { operation: "renameDevice", method: "PUT", path: "/api/v1/account/devices/{id}" },
  revokeDevice: { operation: "revokeDevice", method: "DELETE", path: "/api/v1/account/devices/{id}" },
  makeRecoveryCode: { operation: "makeRecoveryCode", method: "POST", path: "/api/v1/account/recovery-code" },
  recoverAccount: { operation: "recoverAccount", method: "POST", path: "/api/v1/auth/recover" },
} as const;

export type Happened = "tick" | { "online": boolean } | { "notified": number } | "probe" | "syncNow" | "pause" | "resume" | { "signedIn": string } | "signedOut" | { "storeFailed": string };

export type UserRequest = { "retry": string } | { "discard": string } | "delete" | "pushAgain" | { "claim": string } | { "enable": boolean } | { "reread": string } | "current";

export type Turn = { commands: Array<Command>, status: EngineStatus, 
/**
 * Whether there is nothing to do until something happens.
 */
waiting: boolean, 
/**
 * Whether to listen for change notifications.
 */
listens: boolean, };

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

export type TokenResponse = { "tokens": { account: string, accessToken: string, refreshToken: string, } } | { "rejected": string } | { "unavailable": string };

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

export type StoredMeta = { owner?: string | null, resync?: StoredResync | null, contract?: string | null, };

export type StoredResync = { number: number, };

export type StoredInfo = { op: StoredOp, block?: StoredBlock | null, };

export type StoredOp = { seq: number, };

export type StoredBlock = { code: string, message: string, violations?: Array<StoredViolation> | null, };

export type StoredViolation = { pointer: string, message: string, };
