// `x-each`: validates the items of a value one by one, so that an invalid item does not make the others invalid.

import type * as z from "zod";
import { readValue, type Validated, type Violation } from "./report.js";
import { withSorter, type Sorter } from "./schema.js";

/** A single item: valid, or kept with its violations. */
export type Each<T> = { readonly valid: true; readonly value: T } | Invalid;

/** An item that its schema rejects. */
export interface Invalid {
  readonly valid: false;
  /** Pointers are relative to the item. */
  readonly violations: readonly Violation[];
  /** The item as it was received. */
  readonly raw: unknown;
}

/** Validates items one by one. */
export function judgeEach<T>(item: z.ZodType<T>, items: readonly unknown[], sorter?: Sorter): Each<T>[] {
  return items.map((raw) => {
    const result = readValue(item, raw, withSorter(sorter));
    return result.valid ? result : { ...result, raw };
  });
}

/** A valid value, with the invalid items of its `x-each` arrays. */
export type Sorted<T> = Validated<T> & { readonly refused: readonly Invalid[] };

/** Validates a value as a whole. Its `x-each` arrays are returned with only their valid items; the other items are in `refused`. */
export function parseEach<T>(schema: z.ZodType<T>, value: unknown): Sorted<T> {
  const refused: Invalid[] = [];
  const sorter: Sorter = (items, item) =>
    judgeEach(item, items, sorter).flatMap((each) => {
      if (each.valid) {
        return [each.value];
      }
      refused.push(each);
      return [];
    });
  return { ...readValue(schema, value, withSorter(sorter)), refused };
}
