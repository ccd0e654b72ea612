// Validates JSON texts with generated Zod schemas, and with ajv if a JSON Schema is given.
//
// usage: node validate.mjs INSTANCES [ORACLE]
//
// A line {"module": PATH, "header": NAME, "lines": [TEXT], "read": JSON} is a header, whose line of output is {"header": true} if the JSON is
// read from it; otherwise the violations, or the JSON that is read.
//
// A line {"module": PATH, "schema": NAME, "text": JSON, "unread": true} is a valid value, whose line of output is {"unread": [POINTER, …]}, with
// the integers that the generated type does not hold; if it holds all, {"unread": ["POINTER bigint", …]}, with those that are bigints.
//
// INSTANCES has a line for each text: {"module": PATH, "schema": NAME, "text": JSON}. ORACLE is a JSON file of the contract's schemas by
// name, references and all, in plain JSON Schema. A line of output for each line of input: {"zod": [[pointer, keyword], …], "ajv": bool,
// "format": bool}; the last says whether ajv finds fault with a format. A value that is valid, but that the generated type does not hold, has
// no violations here.

import { createInterface } from "node:readline";
import { createReadStream, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [instances, oracle] = process.argv.slice(2);
const ajv = oracle === undefined ? undefined : await validatorWith(JSON.parse(readFileSync(oracle, "utf8")));

const modules = new Map();
let output = [];
for await (const line of createInterface({ input: createReadStream(instances), crlfDelay: Infinity })) {
  const { module, schema, text, unread, header, lines, read } = JSON.parse(line);
  if (!modules.has(module)) {
    modules.set(module, await import(pathToFileURL(resolve(module)).href));
  }
  if (header !== undefined) {
    output.push(JSON.stringify({ header: headerRead(modules.get(module), header, lines, read) }));
    continue;
  }
  if (unread === true) {
    output.push(JSON.stringify({ unread: unreadIn(modules.get(module), schema, text) }));
    continue;
  }
  const zod = violations(modules.get(module), schema, text).map(({ pointer, keyword }) => [pointer, keyword]);
  output.push(JSON.stringify({ zod, ...ajv?.(schema, text) }));
  if (output.length === 1000) {
    await flush();
  }
}
await flush();

function violations({ fromJson, runtime, schemas, validate }, schema, text) {
  const result = fromJson(schemas[schema], text);
  if (result.valid || result.violations.some(({ keyword }) => keyword !== "type")) {
    return result.valid ? [] : result.violations;
  }
  const value = runtime.parseJson(text);
  const isLarge = ({ pointer }) => {
    const part = at(value, pointer);
    return typeof part === "bigint" || (typeof part === "number" && Math.abs(part) >= 2 ** 63);
  };
  return result.violations.every(isLarge) ? validate(schemas[schema], value) : result.violations;
}

/** The pointers of the integers that the generated type does not hold; of the bigints that are read if it holds all. */
function unreadIn({ fromJson, schemas }, schema, text) {
  const result = fromJson(schemas[schema], text);
  return result.valid ? bigints(result.value, "") : result.violations.map(({ pointer, keyword }) => (keyword === "type" ? pointer : `${pointer} ${keyword}`));
}

function bigints(value, pointer) {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, part]) => bigints(part, `${pointer}/${name}`));
  }
  return typeof value === "bigint" ? [`${pointer} bigint`] : [];
}

/** Whether the expected JSON is read from the lines of a header; the violations, or what is read instead. */
function headerRead({ readHeader, headers, runtime }, name, lines, expected) {
  const sent = new Headers();
  lines.forEach((line) => sent.append(headers[name].name, line));
  const result = readHeader({ headers: sent }, headers[name]);
  if (!result.valid) {
    return result.violations.map(({ pointer, keyword }) => `${pointer} ${keyword}`);
  }
  const found = runtime.toJson(result.value);
  return found === runtime.toJson(runtime.parseJson(expected ?? "null")) || found;
}

/** The part of a value at a JSON pointer. */
function at(value, pointer) {
  const steps = pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce((part, step) => part?.[step], value);
}

/** Pipes take only so much at a time. */
async function flush() {
  const text = output.map((line) => `${line}\n`).join("");
  output = [];
  await new Promise((done) => process.stdout.write(text, done));
}

/** ajv with the contract's extensions, which are spelled out here once more, on purpose. */
async function validatorWith(schemas) {
  const { default: Ajv } = await import("ajv/dist/2020.js");
  const { default: addFormats } = await import("ajv-formats");
  const ajv = new Ajv({ strict: false, allErrors: false, unicodeRegExp: true, logger: false });
  addFormats(ajv);
  ajv.addKeyword({ keyword: "x-rules", type: "object", validate: (rules, value) => rules.every((rule) => holds(rule, value)) });
  ajv.addKeyword({ keyword: "x-max-depth", validate: (max, value) => depth(value) <= max });
  ajv.addSchema({ $id: "contract", components: { schemas } });
  const validators = new Map();
  return (name, text) => {
    let validator = validators.get(name);
    if (validator === undefined) {
      validator = ajv.compile({ $ref: `contract#/components/schemas/${name}` });
      validators.set(name, validator);
    }
    try {
      const valid = validator(JSON.parse(text));
      return { ajv: valid, format: !valid && validator.errors.some(({ keyword }) => keyword === "format") };
    } catch (error) {
      if (error instanceof SyntaxError) {
        return { ajv: false, format: false };
      }
      throw error;
    }
  };
}

function holds(rule, value) {
  const [left, comparison, right, sign, offset] = rule.split(" ");
  const numbers = [left, right, ...(offset === undefined ? [] : [offset])].map((name) => value[name]);
  if (!numbers.every((number) => typeof number === "number")) {
    return true;
  }
  const sum = numbers[1] + (sign === "-" ? -1 : 1) * (numbers[2] ?? 0);
  const outcomes = { "==": numbers[0] === sum, "!=": numbers[0] !== sum, "<": numbers[0] < sum, "<=": numbers[0] <= sum };
  return { ...outcomes, ">": numbers[0] > sum, ">=": numbers[0] >= sum }[comparison];
}

function depth(condition) {
  const isObject = typeof condition === "object" && condition !== null && !Array.isArray(condition);
  const lists = isObject ? [condition.all, condition.any, [condition.not]] : [];
  return 1 + Math.max(0, ...lists.filter(Array.isArray).flat().filter((inner) => inner !== undefined).map(depth));
}
