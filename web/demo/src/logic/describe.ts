// Describes a record of any collection in a few words, for lists of mixed records.

import type { CollectionPath } from "../sync";
import { type Unit, weight } from "./units";
import { counted, shortDay } from "./words";

export interface Described {
  /** The kind of record. */
  kind: string;
  /** The name of the record. */
  text: string;
}

const KINDS: Readonly<Record<CollectionPath, string>> = {
  "active-program-instances": "Running program",
  "applied-progression-logs": "Progression",
  "exercise-definitions": "Exercise",
  "logged-sets": "Set",
  "program-definitions": "Program",
  "progression-rules": "Rule",
  "user-bodyweight-logs": "Bodyweight",
  "user-goals": "Goal",
  "user-settings": "Settings",
  "workout-logs": "Workout",
  "workout-template-exercise-instances": "Planned exercise",
  "workout-templates": "Template",
};

/** The kind of the records in a collection; the collection's name, if this version does not know it. */
export function kindOf(collection: string): string {
  return (KINDS as Readonly<Record<string, string>>)[collection] ?? collection;
}

/** The record may come from a later version of the app, or be a tombstone: unexpected members are ignored. */
export function describe(collection: CollectionPath, record: unknown, unit: Unit): Described {
  const members = (typeof record === "object" && record !== null ? record : {}) as Record<string, unknown>;
  const text = (name: string): string | undefined => (typeof members[name] === "string" ? members[name] : undefined);
  const kilograms = (name: string) => (typeof members[name] === "number" ? weight(members[name], unit) : undefined);
  const count = (name: string, noun: string) => (typeof members[name] === "number" ? counted(members[name], noun) : undefined);
  const date = (name: string) => (typeof members[name] === "number" ? shortDay(members[name]) : undefined);
  const parts = [
    text("name") ?? text("changeDescription"),
    kilograms("loggedWeightKg"),
    kilograms("weightKg"),
    count("loggedReps", "repetition"),
    count("targetSets", "set"),
    date("startTime") ?? date("date") ?? date("startDate"),
    quoted(text("notes")),
  ];
  return { kind: kindOf(collection), text: parts.filter((part) => part !== undefined).join(", ") };
}

/** The beginning of a longer text. */
function quoted(text: string | undefined): string | undefined {
  return text && (text.length > 60 ? `“${text.slice(0, 59)}…”` : `“${text}”`);
}
