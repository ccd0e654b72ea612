// The contract that an app syncs: StrongLog's, which the package contains, or another one, which the app gives.

import type { Collection, StoreVersions } from "../../generated/typescript/runtime/collection.js";
import * as stronglog from "../../generated/typescript/stores.js";

/**
 * The output of `contractc generate --only typescript,contract` for an app's schemas: the module `stores` and the content of
 * `contract.json`.
 *
 * ```ts
 * import * as stores from "./generated/typescript/stores.js";
 * import data from "./generated/contract.json";
 * const contract = { ...stores, data };
 * ```
 */
export interface Contract {
  /** The namespace UUID of deterministic ids. */
  readonly namespace?: string | undefined;
  readonly collections: readonly Collection[];
  /** The stores that each version of the local database introduced. */
  readonly stores: StoreVersions;
  /** The rules that the engine validates records with. */
  readonly data: object;
}

/** The part of a contract that a page needs. */
export type PageContract = Omit<Contract, "data">;

/** The part of a contract that a worker needs, if it is not StrongLog's. It is sent to the worker. */
export interface WorkerContract {
  readonly namespace: string | undefined;
  readonly stores: StoreVersions;
  /** `contract.json` */
  readonly json: string;
}

/** The contract that is compiled into the engine. */
export const STRONGLOG: PageContract = stronglog;

export function forWorker({ namespace, stores, data }: Contract): WorkerContract {
  return { namespace, stores: { ...stores }, json: JSON.stringify(data) };
}
