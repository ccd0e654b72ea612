// What the contract accepts is the same on every device and on the server.

import { expect, test } from "vitest";
import { NoteSchema, validate } from "../generated/typescript/index.js";

const note = {
  id: "1b4e28ba-2fa1-4d1a-9a3c-5c6f0c1f2a3b",
  notebookId: "2c5f39cb-3fb2-4e2b-8b4d-6d7f1d2f3b4c",
  text: "Sow peas.",
  clientCreatedAt: 1_700_000_000_000,
  clientUpdatedAt: 1_700_000_000_000,
  isDeleted: false,
};

test("a note has a text", () => {
  expect(validate(NoteSchema, note)).toEqual([]);
  expect(validate(NoteSchema, { ...note, text: "" })).toMatchObject([{ pointer: "/text", keyword: "minLength" }]);
});

test("a note may have one of three colors", () => {
  expect(validate(NoteSchema, { ...note, color: "green" })).toEqual([]);
  expect(validate(NoteSchema, { ...note, color: "mauve" })).toMatchObject([{ pointer: "/color", keyword: "enum" }]);
});
