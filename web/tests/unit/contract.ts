// What the tests use of the generated contract.

export { deterministicId } from "../../../generated/typescript/runtime/collection.js";
export { namespace, stores } from "../../../generated/typescript/stores.js";
