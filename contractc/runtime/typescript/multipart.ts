// Bodies of type `multipart/form-data` (RFC 7578): each member is a part, and each item of a list is one.

import type * as z from "zod";
import { isObject, member, Refused, toJson } from "./json.js";
import { checkCovered, isJson } from "./media.js";
import { NOT_SENT, type BodyWriter } from "./operation.js";
import { checkHeader, plain } from "./parameter.js";
import { pointer, validateAt, type Violation } from "./report.js";

/** A member of a multipart body. */
export interface Part {
  readonly name: string;
  readonly required?: true;
  /** Whether it is a file, or a list of files. */
  readonly file?: true;
  /** The media types that the contract accepts; they may be ranges, such as `image/*`. */
  readonly types?: readonly string[];
  /** The minimum and maximum number of files in a list. */
  readonly counts?: readonly [min: number, max: number];
  readonly schema?: z.ZodType;
}

/** A writer of bodies with these parts. Files are blobs; the name of a `File` is sent too. */
export function multipart(parts: readonly Part[]): BodyWriter {
  return (body, headers, refused) => {
    const boundary = `contract-part-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("")}`;
    headers.set("Content-Type", `multipart/form-data; boundary=${boundary}`);
    const written = parts.flatMap((part) => {
      const before = refused.length;
      const value = isObject(body) ? member(body, part.name) : undefined;
      const sent = value === undefined ? [] : writePart(part, value, refused);
      if (part.required === true && sent.length === 0 && refused.length === before) {
        refused.push(value === undefined ? missing(part) : { pointer: pointer([part.name]), keyword: "required", message: NOT_SENT });
      }
      return sent;
    });
    return new Blob([...written.flatMap(([head, content]) => [`--${boundary}\r\n${head}\r\n`, content, "\r\n"]), `--${boundary}--\r\n`]);
  };
}

/** The headers and the content of a part. */
type WrittenPart = readonly [head: string, content: Blob | string];

function missing({ name }: Part): Violation {
  return { pointer: "", keyword: "required", message: `is missing the part ${JSON.stringify(name)}` };
}

/** Why a list of files violates the contract. Nothing is sent for an empty list. */
function miscounted({ counts: [min, max] = [0, Infinity] }: Part, { length }: readonly unknown[]): Pick<Violation, "keyword" | "message">[] {
  const found = `has ${length} ${length === 1 ? "file" : "files"}; expected at`;
  if (length < min) {
    return [{ keyword: "minItems", message: `${found} least ${min}` }];
  }
  return length > max ? [{ keyword: "maxItems", message: `${found} most ${max}` }] : [];
}

function writePart(part: Part, value: unknown, refused: Violation[]): WrittenPart[] {
  const at = pointer([part.name]);
  refused.push(...validateAt(part.schema, value, [part.name]));
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  refused.push(...(part.file === true ? miscounted(part, items) : []).map((violation) => ({ pointer: at, ...violation })));
  return items
    .filter((item) => item !== null && item !== undefined)
    .flatMap((item) => {
      try {
        return [part.file === true ? writeFile(part, item) : writeValue(part, item)];
      } catch (error) {
        if (!(error instanceof Refused)) {
          throw error;
        }
        refused.push({ pointer: at, keyword: "contentType", message: error.message });
        return [];
      }
    });
}

/** A value is JSON text if the contract says so, or if it has no other form as text. */
function writeValue({ name, types = [] }: Part, value: unknown): WrittenPart {
  const asJson = types.length === 0 ? typeof value === "object" : types.some(isJson);
  const type = types[0] ?? (asJson ? "application/json" : undefined);
  return [head(name, undefined, type), asJson ? toJson(value) : plain(value)];
}

function writeFile({ name, types = [] }: Part, file: unknown): WrittenPart {
  if (!(file instanceof Blob)) {
    throw new Refused("is not a file; expected a Blob");
  }
  const type = file.type === "" ? (types.find((known) => !known.includes("*")) ?? "application/octet-stream") : file.type;
  checkHeader(type);
  checkCovered(types.length > 0 ? types : ["*/*"], type);
  // Servers tell a file from a value by its name.
  return [head(name, "name" in file ? String(file.name) : "blob", type), file];
}

function head(name: string, fileName: string | undefined, type: string | undefined): string {
  const file = fileName === undefined ? "" : `; filename="${quoted(fileName)}"`;
  const content = type === undefined ? "" : `Content-Type: ${type}\r\n`;
  return `Content-Disposition: form-data; name="${quoted(name)}"${file}\r\n${content}`;
}

/** Escapes a name as browsers do. */
function quoted(name: string): string {
  return name.replace(/["\r\n]/g, (character) => ({ '"': "%22", "\r": "%0D" })[character] ?? "%0A");
}
