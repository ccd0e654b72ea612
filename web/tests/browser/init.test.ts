// A new project of the compiler, from its package and the browser package as `npm pack` makes them: its commands work, and its records reach
// another device. No Rust toolchain takes part.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Play } from "./play.js";
import { Tab } from "./stage.js";

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const work = mkdtempSync(join(tmpdir(), "stronglog-init-"));
const app = join(work, "app");

/** Runs a command of npm, and returns what it prints. */
function npm(command: string, given: readonly string[], cwd = app): string {
  return execFileSync(command, given, { cwd, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
}

beforeAll(() => {
  npm("npm", ["pack", "--pack-destination", work], folder("."));
  npm("npm", ["pack", "--pack-destination", work], folder("../contractc/npm"));
  const empty = join(work, "empty");
  mkdirSync(empty);
  const compiler = readdirSync(work).find((name) => /^contractc-.*\.tgz$/.test(name)) ?? "nothing was packed";
  npm("npm", ["install", "--no-audit", "--no-fund", "--offline", `../${compiler}`], empty);
  npm("npx", ["contractc", "init", "../app", "--typescript"], empty);
  npm("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"]);
  npm("npm", ["run", "build"]);
}, 300_000);

afterAll(() => rmSync(work, { recursive: true, force: true }));

test("its code is up to date, and follows the contract", () => {
  npm("npm", ["test"]);
  const changed = (): string => npm("npx", ["contractc", "check", "--spec", "spec/openapi.yaml", "--out", "generated", "--only", "typescript,contract", "--records"]);
  expect(changed()).toBe("");
  const contract = join(app, "spec/openapi.yaml");
  const text = readFileSync(contract, "utf8");
  writeFileSync(contract, text.replace("yellow", "amber"));
  npm("npm", ["run", "generate"]);
  expect(readFileSync(join(app, "generated/typescript/types.ts"), "utf8")).toContain('"amber"');
  writeFileSync(contract, text);
  npm("npm", ["run", "generate"]);
  expect(existsSync(join(app, "dist/index.html"))).toBe(true);
});

const play = new Play("init", { server: ["--contract", join(app, "generated/contract.json")], pages: join(app, "dist") });

test("its page syncs a note to another device", async () => {
  const email = play.account();
  const [one, other] = [await Tab.open(await play.profile(), play.url), await Tab.open(await play.profile(), play.url)];
  await one.page.getByLabel("A new note").fill("Sow peas.");
  await one.page.getByRole("button", { name: "Add" }).click();
  await one.page.getByText("Sow peas.").waitFor();
  for (const [tab, button] of [[one, "Sign up"], [other, "Sign in"]] as const) {
    await tab.page.getByLabel("Email").fill(email);
    await tab.page.getByLabel("Password").fill("correct horse battery staple");
    await tab.page.getByRole("button", { name: button }).click();
    await tab.page.getByText("idle, 0 waiting").waitFor();
  }
  await other.page.getByText("Sow peas.").waitFor();
  expect(await other.status()).toMatchObject({ blocked: 0, quarantined: 0, lastError: null, storageProblem: null });
  expect([...one.errors, ...other.errors]).toEqual([]);
});
