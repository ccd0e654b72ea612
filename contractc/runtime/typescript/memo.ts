// Remembered results for the parts of the value that is being validated. Schemas that apply to a part in several ways would otherwise double
// the work at each level.

/** The results of a schema or test for one value, by the circumstances that they depend on. */
export type Results = Map<string, unknown>;

/** Remembers results from a nesting depth on. Few values are as deep, and for all others remembering costs more than it saves. */
export class Memo {
  readonly #from: number;
  #depth = 0;
  #results = new Map<object, Map<unknown, Results>>();

  constructor(from: number) {
    this.#from = from;
  }

  /** Runs a check one level deeper. */
  within<T>(check: () => T): T {
    this.#depth += 1;
    try {
      return check();
    } finally {
      this.#depth -= 1;
      if (this.#depth < this.#from && this.#results.size > 0) {
        this.#results = new Map();
      }
    }
  }

  /** The results of a schema or test for a value, to be read and extended; undefined where nothing is remembered. */
  of(value: unknown, check: unknown): Results | undefined {
    if (this.#depth < this.#from || typeof value !== "object" || value === null) {
      return undefined;
    }
    const ofValue = this.#results.get(value) ?? new Map<unknown, Results>();
    const found: Results = ofValue.get(check) ?? new Map<string, unknown>();
    this.#results.set(value, ofValue.set(check, found));
    return found;
  }
}
