// The only module of the demo that imports the package: its database and its sync.

import { type CollectionPath, createSync, deterministicId, namespace } from "stronglog-sync";
import { currentDatabase } from "./data/accounts";

/** The server is the origin of the page, unless the build sets another one. */
export const sync = createSync({ baseUrl: import.meta.env["VITE_API_BASE_URL"] ?? location.origin, name: currentDatabase() });

export const db = sync.db;

/** The contract's rules for an email address and a password. */
export { credentialViolations } from "stronglog-sync";

/** The id of a record that every device creates for itself. */
export const sharedId = (collection: CollectionPath, key: string): string => deterministicId(namespace, collection, key);

export type {
  BlockedRecord,
  BodyweightTargetGoal,
  CollectionPath,
  Device,
  Draft,
  ExerciseDefinition,
  LiftTargetGoal,
  LoggedSet,
  PastVersion,
  QuarantinedChange,
  SyncState,
  SyncStatus,
  UserBodyweightLog,
  UserGoal,
  UserSettings,
  WorkoutLog,
  WorkoutTemplate,
  WorkoutTemplateExerciseInstance,
} from "stronglog-sync";
