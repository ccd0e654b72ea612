// StrongLog's sync for the browser: createSync creates the local database and keeps it in sync with a server.

export type * from "./api.js";
export type { Contract } from "./contract.js";
export type * from "../../generated/typescript/types.js";
// An app that exports its `sync` and emits declarations must be able to name these.
export type { Collection, Index, Reference, Route, StoreVersions } from "../../generated/typescript/runtime/collection.js";
export type { Records } from "../../generated/typescript/stores.js";
export { credentialViolations } from "./credentials.js";
export { migrate, type Migrated, type MigrateOptions, type OldRecord } from "./migrate.js";
export { createSync } from "./sync.js";
export { deterministicId } from "../../generated/typescript/runtime/collection.js";
export { collections, namespace } from "../../generated/typescript/stores.js";
