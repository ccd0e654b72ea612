// The contract that an app syncs: StrongLog's, which the package contains, or another one, which the app gives.

import type { Collection, StoreVersions } from "../../generated/typescript/runtime/collection.js";
import * as stronglog from "../../generated/typescript/stores.js";

/**
 * What `contractc generate --only typescript,contract` makes of an app's schemas: the module `stores` and the content of `contract.json`.
 *
 * ```ts
 * import * as stores from "./generated/typescript/stores.js";
 * import data from "./generated/contract.json";
 * const contract = { ...stores, data };
 * ```
 */
export interface Contract {
  /** The UUID in which deterministic ids are made. */
  readonly namespace?: string | undefined;
  readonly collections: readonly Collection[];
  /** The stores that each version of the local database brought. */
  readonly stores: StoreVersions;
  /** What the engine judges records by. */
  readonly data: object;
}

/** What a page needs of a contract. */
export type PageContract = Omit<Contract, "data">;

/** What a worker needs of a contract that is not StrongLog's. It is sent to the worker. */
export interface WorkerContract {
  readonly stores: StoreVersions;
  /** `contract.json` */
  readonly json: string;
}

/** The contract that is compiled into the engine. */
export const STRONGLOG: PageContract = stronglog;

export function forWorker({ stores, data }: Contract): WorkerContract {
  return { stores: { ...stores }, json: JSON.stringify(data) };
}
