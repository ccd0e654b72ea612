// The environment of a browser test: the real server, a gate in front of it that can fail, and Chromium.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import type { Sync, SyncStatus } from "../../src/api.js";
import { newId } from "../../src/id.js";

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The program `stronglog`, built by the test command. */
const PROGRAM = process.env["STRONGLOG"] ?? folder("../target/debug/stronglog");
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css" };

declare global {
  interface Window {
    sync: Sync;
  }
}

/** The real server, on a free port, with its own folder. */
export class StrongLogServer {
  private readonly data = mkdtempSync(join(tmpdir(), "stronglog-web-"));
  private process: ChildProcess | undefined;
  port = 0;

  constructor(private readonly more: readonly string[] = []) {}

  async start(): Promise<void> {
    if (!existsSync(PROGRAM)) {
      throw new Error(`there is no ${PROGRAM}: cargo build makes it`);
    }
    const options = ["serve", "--dev", "--bind", `127.0.0.1:${this.port}`, "--data", this.data, "--auth-per-minute", "10000", ...this.more];
    const child = spawn(PROGRAM, options, { stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    this.port = await new Promise<number>((resolve, reject) => {
      let said = "";
      const hear = (text: Buffer): void => {
        said += text.toString();
        const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
        if (port !== undefined) {
          resolve(Number(port));
        }
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    });
  }

  /** Kills it, as a crash would. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child !== undefined) {
      await new Promise((resolve) => {
        child.on("exit", resolve);
        child.kill("SIGKILL");
      });
    }
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Intercepts requests before they reach the server: responds to them itself, or lets them through. */
export type Intercept = (path: string, body: string, response: ServerResponse) => boolean;

/** Serves the page, and lets requests through to the server. */
export class Gate {
  intercept: Intercept | undefined;
  /** Headers that the page's own files are served with. */
  headers: Readonly<Record<string, string>> = {};
  /** The status with which one of the page's files is served, if it is not 200. */
  statusOf: ((path: string) => number | undefined) | undefined;
  /** The requests that passed the gate. */
  readonly seen: { readonly path: string; readonly body: string }[] = [];
  private readonly server: Server;

  constructor(
    private readonly behind: { readonly port: number },
    private readonly pages: string = folder("build/page"),
  ) {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const body = Buffer.concat(await request.toArray());
    if (this.intercept?.(path, body.toString(), response) === true) {
      return;
    }
    if (!path.startsWith("/api/")) {
      const file = join(this.pages, path === "/" ? "index.html" : path);
      const status = this.statusOf?.(path) ?? (existsSync(file) ? 200 : 404);
      response.writeHead(status, { ...this.headers, "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(status === 200 ? readFileSync(file) : "");
      return;
    }
    this.seen.push({ path, body: body.toString() });
    const headers = { ...request.headers, host: `127.0.0.1:${this.behind.port}` };
    const onward = forward({ port: this.behind.port, host: "127.0.0.1", method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    onward.end(body);
  }
}

/** Responds with a problem of the contract. */
export function problem(response: ServerResponse, status: number, code: string): true {
  const body = { type: "about:blank", title: code, status, code, retryable: status >= 500 };
  response.writeHead(status, { "Content-Type": "application/problem+json" }).end(JSON.stringify(body));
  return true;
}

/** Creates an account whose records another device has pushed: bodyweights, 500 per push. */
export async function seed(port: number, email: string, count: number): Promise<void> {
  const post = async (path: string, body: object, token?: string): Promise<{ accessToken: string; outcomes: { outcome: string }[] }> => {
    const headers = { "Content-Type": "application/json", ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) {
      throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    }
    return (await response.json()) as { accessToken: string; outcomes: { outcome: string }[] };
  };
  const { accessToken } = await post("/auth/register", { email, password: "correct horse battery staple" });
  const deviceId = newId();
  for (let first = 0; first < count; first += 500) {
    const changes = Array.from({ length: Math.min(500, count - first) }, (_, index) => {
      const seq = first + index + 1;
      const stamp = 1_700_000_000_000 + seq;
      const record = { id: newId(), clientCreatedAt: stamp, clientUpdatedAt: stamp, isDeleted: false, date: stamp, weightKg: 60 + (seq % 400) / 10 };
      return { collection: "user-bodyweight-logs", op: { id: newId(), deviceId, seq }, record };
    });
    const { outcomes } = await post("/changes/batch", { changes }, accessToken);
    if (outcomes.some((outcome) => outcome.outcome !== "accepted")) {
      throw new Error("the server has not accepted everything");
    }
  }
}

/** Starts Chromium. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A device: a separate browser profile with the page open. */
export class Tab {
  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
  ) {}

  /** Opens the page. Its exceptions and logged errors are collected in `errors`, which a test can check. */
  static async open(context: BrowserContext, url: string): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page, context);
    page.on("pageerror", (error) => tab.errors.push(error.message));
    await page.goto(url);
    await page.waitForFunction(() => window.sync !== undefined);
    return tab;
  }

  readonly errors: string[] = [];

  /** Signs up, and waits until the device is in sync. */
  async signUp(email: string): Promise<void> {
    await this.page.evaluate((email) => window.sync.signUp({ email, password: "correct horse battery staple" }), email);
    await this.sync();
  }

  async signIn(email: string): Promise<void> {
    await this.page.evaluate((email) => window.sync.signIn({ email, password: "correct horse battery staple" }), email);
    await this.sync();
  }

  /** Syncs until there is nothing left to do. */
  async sync(): Promise<SyncStatus> {
    await this.page.evaluate(() => window.sync.syncNow());
    return this.status();
  }

  status(): Promise<SyncStatus> {
    return this.page.evaluate(() => window.sync.status.getSnapshot());
  }

  /** Waits until the status matches. */
  async until(what: (status: SyncStatus) => boolean, ms = 15_000): Promise<SyncStatus> {
    const end = Date.now() + ms;
    for (;;) {
      const status = await this.status();
      if (what(status)) {
        return status;
      }
      if (Date.now() > end) {
        throw new Error(`the status did not become what was waited for: ${JSON.stringify(status)}`);
      }
      await this.page.waitForTimeout(50);
    }
  }

  /** The bodyweights that the page shows. */
  shown(): Promise<string[]> {
    return this.page.locator("#bodyweights li").allTextContents();
  }
}
