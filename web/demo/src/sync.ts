// The one place where the demo meets the package: its database and its sync.

import { type CollectionPath, createSync, deterministicId, namespace } from "stronglog-sync";
import { currentDatabase } from "./data/accounts";

/** The server is where the page came from, unless the build says otherwise. */
export const sync = createSync({ baseUrl: import.meta.env["VITE_API_BASE_URL"] ?? location.origin, name: currentDatabase() });

export const db = sync.db;

/** The contract's rules for an email address and a password. */
export { credentialViolations } from "stronglog-sync";

/** The id of a record that every device makes for itself. */
export const sharedId = (collection: CollectionPath, key: string): string => deterministicId(namespace, collection, key);

export type {
  BlockedRecord,
  BodyweightTargetGoal,
  CollectionPath,
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
