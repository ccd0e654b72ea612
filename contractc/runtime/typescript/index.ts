// The fixed runtime of the generated TypeScript: schemas, checks, reports, HTTP and ids.

export * from "./collection.js";
export * from "./each.js";
export * from "./events.js";
export * from "./header.js";
export * from "./http.js";
export * from "./issue.js";
export * from "./json.js";
export * from "./keyword.js";
export * from "./multipart.js";
export * from "./operation.js";
export * from "./parameter.js";
export * from "./plain.js";
export * from "./report.js";
export * from "./request.js";
export * from "./response.js";
export * from "./schema.js";
export * from "./security.js";
export * from "./structure.js";
export * from "./union.js";
export { define } from "./predicate.js";
