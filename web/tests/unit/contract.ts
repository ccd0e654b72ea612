// The parts of the generated contract that the tests use.

export { deterministicId } from "../../../generated/typescript/runtime/collection.js";
export { namespace, stores } from "../../../generated/typescript/stores.js";
