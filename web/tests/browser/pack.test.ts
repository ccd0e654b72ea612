// The package as `npm pack` makes it, installed into a fresh Vite and React project: types, `vite build` and `vite dev`.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser } from "playwright-core";
import { Gate, launch, StrongLogServer, Tab } from "./stage.js";

const web = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "stronglog-fresh-"));
const server = new StrongLogServer();
let browser: Browser;
let dev: ChildProcess | undefined;

beforeAll(async () => {
  execFileSync("npm", ["pack", "--pack-destination", project], { cwd: web, stdio: "pipe" });
  const packed = readdirSync(project).find((name) => name.endsWith(".tgz")) ?? "nothing was packed";
  cpSync(join(web, "tests/browser/fresh"), project, { recursive: true });
  execFileSync("npm", ["install", "--no-audit", "--no-fund", `./${packed}`], { cwd: project, stdio: "pipe" });
  await server.start();
  browser = await launch();
}, 300_000);

afterAll(async () => {
  dev?.kill();
  await browser?.close();
  await server.end();
  rmSync(project, { recursive: true, force: true });
});

/** Uses the app like a person, once it is open. */
async function use(url: string, email: string): Promise<void> {
  const tab = await Tab.open(await browser.newContext(), url);
  await tab.page.getByRole("button", { name: "Add" }).click();
  await tab.page.getByText("Push day").waitFor();
  await tab.signUp(email);
  await tab.page.getByText("idle", { exact: true }).waitFor();
  expect(await tab.status()).toMatchObject({ pending: 0, lastError: null, storageProblem: null, leader: true });
  expect(tab.errors).toEqual([]);
  await tab.context.close();
}

test("its types are those of the README", () => {
  execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: project, stdio: "inherit" });
});

test("it works after vite build", async () => {
  execFileSync("node", ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], { cwd: project, stdio: "inherit" });
  const gate = new Gate(server, join(project, "dist"));
  await use(await gate.open(), "built@example.com");
  gate.close();
});

test("it works in vite dev, across origins", async () => {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const origin = `http://localhost:${port}`;
  const api = new StrongLogServer(["--allow-origin", origin]);
  await api.start();
  const options = ["node_modules/vite/bin/vite.js", "--port", String(port), "--strictPort", "--logLevel", "warn"];
  dev = spawn("node", options, { cwd: project, env: { ...process.env, VITE_API_BASE_URL: `http://127.0.0.1:${api.port}` }, stdio: "inherit" });
  for (let tries = 0; (await fetch(origin).catch(() => undefined)) === undefined; tries += 1) {
    expect(tries, "vite dev has not started").toBeLessThan(100);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await use(origin, "dev@example.com");
  await api.end();
});

test("it is small", () => {
  execFileSync("node", ["size.mjs"], { cwd: web, stdio: "inherit" });
  expect(statSync(join(web, "dist/types/web/src/index.d.ts")).size).toBeGreaterThan(0);
});
