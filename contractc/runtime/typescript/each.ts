// `x-each`: a whole whose items are judged one by one, so that a bad one does not fail the others.

import type * as z from "zod";
import { violations, type Verdict, type Violation } from "./report.js";
import { withSorter } from "./schema.js";

/** An item on its own: valid, or kept with the reasons why not. */
export type Each<T> = { readonly valid: true; readonly value: T } | Invalid;

/** An item that its schema refuses. */
export interface Invalid {
  readonly valid: false;
  /** Pointers are relative to the item. */
  readonly violations: readonly Violation[];
  /** The item as it came. */
  readonly raw: unknown;
}

/** Judges items one by one. */
export function judgeEach<T>(item: z.ZodType<T>, items: readonly unknown[]): Each<T>[] {
  return items.map((raw) => {
    const result = item.safeParse(raw);
    return result.success ? { valid: true, value: result.data } : { valid: false, violations: violations(result.error), raw };
  });
}

/** A valid whole, with the items of its `x-each` arrays that were not. */
export type Sorted<T> = Verdict<T> & { readonly refused: readonly Invalid[] };

/** Judges a value as a whole. Its `x-each` arrays come back with their valid items alone; the others are in `refused`. */
export function parseEach<T>(schema: z.ZodType<T>, value: unknown): Sorted<T> {
  const refused: Invalid[] = [];
  const result = withSorter(
    (items, item) =>
      judgeEach(item, items).flatMap((judged) => {
        if (judged.valid) {
          return [judged.value];
        }
        refused.push(judged);
        return [];
      }),
    () => schema.safeParse(value),
  );
  return result.success ? { valid: true, value: result.data, refused } : { valid: false, violations: violations(result.error), refused };
}
