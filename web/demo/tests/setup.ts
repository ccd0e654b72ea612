// A server with a year of training and the demo app, as `stronglog quickstart --web` starts it, and a browser.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const PROGRAM = process.env["STRONGLOG_BIN"] ?? fileURLToPath(new URL("../../../target/debug/stronglog", import.meta.url));
const CHROMIUM = process.env["CHROMIUM_BIN"] ?? "/usr/bin/chromium";

/** How long a page may take on a busy machine. */
export const PATIENCE_MS = 30_000;

export interface Setup {
  readonly url: string;
  readonly email: string;
  readonly password: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

interface Output {
  readonly web: { readonly url: string; readonly email: string; readonly password: string };
}

export async function start(records: number): Promise<Setup> {
  if (!existsSync(PROGRAM)) {
    throw new Error(
      `cannot start the server: there is no ${PROGRAM}. Run \`cargo xtask web\` and \`cargo build -p stronglog-cli\`, or set STRONGLOG_BIN`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "stronglog-demo-"));
  const server = spawn(PROGRAM, ["quickstart", "--web", "--json", "--dir", folder, "--records", String(records)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const lines = createInterface(server.stdout);
  const line = await Promise.race([new Promise<string>((resolve) => lines.once("line", resolve)), ended.then(() => undefined)]);
  if (line === undefined) {
    throw new Error("the server ended before it said where it is; its error stands above");
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  const close = async () => {
    await browser.close();
    server.kill("SIGINT");
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { ...(JSON.parse(line) as Output).web, browser, close };
}

/** A separate browser on the first page. Its errors are collected. */
export async function newDevice(setup: Setup, problems: string[]): Promise<{ context: BrowserContext; page: Page }> {
  const context = await setup.browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(setup.url);
  await page.getByRole("heading", { level: 1, name: "Train" }).waitFor();
  return { context, page };
}

/** Opens a page of the app by its name in the navigation. */
export async function go(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
}

/** Opens the sync panel. */
export async function goToSync(page: Page): Promise<void> {
  await page.getByRole("link", { name: /^Sync:/ }).click();
  await page.getByRole("heading", { level: 1, name: "Sync" }).waitFor();
}

/** Signs in a device, and waits until it has all records. */
export async function signIn(setup: Setup, page: Page): Promise<void> {
  await goToSync(page);
  await page.getByLabel("Email").fill(setup.email);
  await page.getByLabel("Password").fill(setup.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await synced(page);
}

export async function synced(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Sync: Synced" }).waitFor();
}
