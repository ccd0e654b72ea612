// The command of the package behaves like the native command: the same files, output and exit codes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "contractc-npm-"));
after(() => rmSync(work, { recursive: true, force: true }));

/** Both commands, as a program and its first arguments. */
const COMMANDS = {
  native: [process.env.CONTRACTC ?? join(root, "target/debug/contractc")],
  npm: [process.execPath, join(root, "contractc/npm/cli.js")],
};

/** Runs a command to its end. */
function run([program, ...first], given, cwd, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...first, ...given], { cwd, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") {
        reject(error);
      }
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
    child.stdin.on("error", () => {}).end(input);
  });
}

/** The content of each file below a folder, by its path. */
function files(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return Object.fromEntries(paths.sort().map((path) => [path.slice(folder.length), readFileSync(path, "utf8")]));
}

let folders = 0;

/**
 * Runs both commands, each in its own copy of a folder, asserts that they behave the same, and returns the result. `prepare` fills a
 * folder; `even` removes parts of a text that may differ.
 */
async function same(prepare, runs, { even = (text) => text, input } = {}) {
  folders += 1;
  const done = Object.entries(COMMANDS).map(async ([name, command]) => {
    const folder = join(work, String(folders), name);
    mkdirSync(folder, { recursive: true });
    prepare(folder);
    const outcomes = [];
    for (const given of runs) {
      outcomes.push(await run(command, given, folder, input));
    }
    return { outcomes, files: Object.fromEntries(Object.entries(files(folder)).map(([path, text]) => [path, even(text)])) };
  });
  const [native, npm] = await Promise.all(done);
  assert.deepEqual(npm, native);
  return npm;
}

/** Copies the folder of a document of the repository. */
const copied = (document) => (folder) => cpSync(join(root, dirname(document)), folder, { recursive: true });

/** Runs an action for each item, a few at a time. */
async function each(items, act) {
  const open = [...items];
  const worker = async () => {
    for (let item = open.shift(); item !== undefined; item = open.shift()) {
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

const SHOP = `openapi: 3.1.0
info: { title: Shop, version: '1' }
components: { schemas: { Pet: { type: object, required: [name], properties: { name: { type: string, maxLength: 5 } } } } }
`;
const shop = (folder) => writeFileSync(join(folder, "shop.yaml"), SHOP);
const GENERATE = ["generate", "--spec", "shop.yaml", "--out", "out"];
const CHECK = ["check", "--spec", "shop.yaml", "--out", "out"];

test("contracts become the same files", async () => {
  const contracts = [
    ["spec/openapi.yaml"],
    ["examples/todo/spec/openapi.yaml", "--only", "typescript,contract", "--records", "--standalone"],
    ["examples/notes/spec/openapi.yaml", "--only", "rust,contract", "--records", "--runtime", "stronglog_sync::api"],
    // References to other files.
    ["contractc/tests/cases/files/openapi.yaml"],
    ["contractc/tests/cases/references/openapi.yaml"],
    ["contractc/tests/cases/schema-ids/openapi.yaml"],
  ];
  await each(contracts, async ([document, ...more]) => {
    const { outcomes, files } = await same(copied(document), [["generate", "--spec", "openapi.yaml", "--out", "out", ...more]]);
    assert.match(outcomes[0].stderr, /\d+ files, \d+ changed\n$/, document);
    assert.ok(Object.keys(files).some((path) => path.startsWith("/out/")), document);
  });
});

test("documents with errors are rejected in the same words, and nothing is written", async () => {
  const home = "contractc/tests/diagnostics";
  const documents = readdirSync(join(root, home), { recursive: true }).filter((path) => /openapi\.(yaml|json)$/.test(path));
  assert.ok(documents.length > 30, `${documents.length} documents`);
  let rejected = 0;
  await each(documents, async (document) => {
    const spec = document.slice(dirname(document).length + 1);
    const { outcomes, files } = await same(copied(join(home, document)), [["generate", "--spec", spec, "--out", "out", "--only", "typescript"]]);
    if (outcomes[0].code !== 0) {
      rejected += 1;
      assert.ok(!Object.keys(files).some((path) => path.startsWith("/out/")), document);
    }
  });
  assert.ok(rejected > 20, `${rejected} were rejected`);
});

test("only what differs is written, and only what was generated is deleted", async () => {
  const prepare = (folder) => {
    shop(folder);
    mkdirSync(join(folder, "out/typescript"), { recursive: true });
    writeFileSync(join(folder, "out/typescript/types.ts"), "// @generated by contractc 0.0.1 from shop.yaml\n// Stale.\n");
    writeFileSync(join(folder, "out/typescript/old.ts"), "// @generated by contractc 0.0.1 from shop.yaml\n");
    writeFileSync(join(folder, "out/typescript/mine.ts"), "// Written by hand.\n");
  };
  const runs = [CHECK, GENERATE, GENERATE, CHECK].map((given) => [...given, "--only", "typescript"]);
  const { outcomes, files } = await same(prepare, runs);
  assert.deepEqual(outcomes.map(({ code }) => code), [1, 0, 0, 0]);
  assert.match(outcomes[0].stdout, /^missing: .*\n(.*\n)*stale: out\/typescript\/types\.ts\n(.*\n)*orphaned: out\/typescript\/old\.ts\n$/);
  assert.match(outcomes[2].stderr, /, 0 changed\n$/);
  assert.equal(files["/out/typescript/mine.ts"], "// Written by hand.\n");
  assert.equal(files["/out/typescript/old.ts"], undefined);
});

test("a file that is up to date is not touched", async () => {
  const folder = join(work, "untouched");
  mkdirSync(folder);
  shop(folder);
  const times = async () => {
    assert.equal((await run(COMMANDS.npm, GENERATE, folder)).code, 0);
    return Object.keys(files(folder)).map((path) => [path, statSync(join(folder, path)).mtimeMs, statSync(join(folder, path)).ino]);
  };
  assert.deepEqual(await times(), await times());
});

test("what cannot be read or written is named in the same words", async () => {
  const inTheWay = (folder) => {
    shop(folder);
    writeFileSync(join(folder, "out"), "a file in the way");
  };
  const runs = [["generate", "--spec", "missing.yaml", "--out", "out"], ["generate", "--spec", ".", "--out", "out"], GENERATE, CHECK];
  const { outcomes, files } = await same(inTheWay, [...runs, ["generate", "--spec", "shop.yaml/x.yaml", "--out", "out"]]);
  assert.deepEqual(outcomes.map(({ code }) => code), [2, 2, 2, 2, 2]);
  assert.match(outcomes[0].stderr, /^error: cannot read missing\.yaml: No such file or directory/);
  assert.equal(files["/out"], "a file in the way");
});

test("wrong usage and help are the same", async () => {
  const runs = [[], ["--help"], ["generate", "--help"], ["init", "--help"], ["--version"], ["generate"], ["translate"], [...GENERATE, "--only", "java"]];
  const { outcomes } = await same(shop, runs);
  assert.deepEqual(outcomes.map(({ code }) => code), [2, 0, 0, 0, 0, 2, 2, 2]);
});

test("values are validated, generated and compared in the same way", async () => {
  const input = '{"name": "Rex"}\n{"name": "Barbarossa"}\nnull\n';
  const pets = ["--spec", "shop.yaml", "--schema", "Pet"];
  const prepare = (folder) => {
    shop(folder);
    writeFileSync(join(folder, "pets.jsonl"), input);
    writeFileSync(join(folder, "new.yaml"), SHOP.replace("maxLength: 5", "maxLength: 4"));
  };
  const runs = [
    ["validate", ...pets],
    ["validate", ...pets, "pets.jsonl"],
    ["validate", ...pets, "missing.jsonl"],
    ["validate", "--output-schema"],
    ["sample", ...pets, "--count", "20", "--invalid"],
    ["diff", "shop.yaml", "new.yaml"],
  ];
  const { outcomes } = await same(prepare, runs, { input });
  assert.deepEqual(outcomes.map(({ code }) => code), [1, 1, 2, 0, 0, 1]);
  assert.equal(outcomes[0].stdout.split("\n").length, 4);
});

test("a new project has the same files, but for its namespace", async () => {
  const even = (text) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, "NAMESPACE");
  const { version } = JSON.parse(readFileSync(join(root, "contractc/npm/package.json"), "utf8"));
  const packages = (folder) => ["contractc", "stronglog-sync"].forEach((name) => writeFileSync(join(folder, `${name}-${version}.tgz`), ""));
  const runs = [
    ["init", "app", "--typescript"],
    ["init", "app", "--typescript"],
    ["init", "vite", "--typescript"],
    ["init", "other", "--typescript", "--from", "nowhere"],
    ["init", "diary", "--from", "https://git.example.com/stronglog.git"],
  ];
  const { outcomes, files } = await same(packages, runs, { even });
  assert.deepEqual(outcomes.map(({ code }) => code), [0, 2, 2, 2, 0]);
  assert.match(files["/app/spec/openapi.yaml"], /x-namespace: NAMESPACE/);
  assert.equal(JSON.parse(files["/app/package.json"]).dependencies["stronglog-sync"], `file:../stronglog-sync-${version}.tgz`);
});
