// The only loop: tells the engine what happens, and does what the engine says. The twin of src/driver.rs.

import { Deposed, type DexieStore, type Selection, type State } from "./store.js";
import { SignInNeeded, said, type Call, type Transport } from "./transport.js";
import type { SyncStatus } from "./api.js";
import * as wasm from "../engine/pkg/engine.js";

/** What the engine says of itself. */
export type EngineStatus = Omit<SyncStatus, "account" | "leader" | "persisted" | "storageProblem">;

/** What happens outside of the store: `Happened` in web/engine. */
type Happened =
  | "pause"
  | "resume"
  | "signedOut"
  | "syncNow"
  | "tick"
  | { readonly online: boolean }
  | { readonly notified: number }
  | { readonly signedIn: string }
  | { readonly refreshed: boolean }
  | { readonly unanswered: readonly [request: number, message: string] }
  | { readonly storeFailed: string };

/** A durable step that the app asks for: `Wanted` in web/engine. */
type Wanted =
  | "current"
  | "delete"
  | "pushAgain"
  | { readonly retry: string }
  | { readonly discard: string }
  | { readonly claim: string }
  | { readonly enable: boolean }
  | { readonly reread: string };

type Command =
  | { readonly command: "load"; readonly limit: number }
  | { readonly command: "persist"; readonly step: number }
  | ({ readonly command: "send"; readonly request: number; readonly account: string } & Call)
  | { readonly command: "refresh" }
  | { readonly command: "wakeAt"; readonly at: number | null }
  | { readonly command: "cancel"; readonly request: number };

interface Turn {
  readonly commands: readonly Command[];
  readonly status: EngineStatus;
  readonly waiting: boolean;
}

/** How long to wait before change notifications is tried again. */
const NOTIFICATIONS_RETRY_MS = 5_000;
/** The longest time that a timer of JavaScript can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** States in which nobody listens for change notifications. */
const DEAF: ReadonlySet<string> = new Set(["off", "paused", "needsAuth", "upgradeRequired"]);

/** What the driver tells of. */
export interface Reports {
  readonly status: (status: EngineStatus) => void;
  /** The storage has failed, or works again. */
  readonly storage: (problem: string | null) => void;
  /** This tab must not go on. */
  readonly deposed: (reason: unknown) => void;
}

export class Driver {
  private readonly requests = new Map<number, AbortController>();
  private readonly ended = new AbortController();
  private waiting: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private notifications: AbortController | undefined;
  private absorbing: Promise<void> | undefined;
  private noted = false;

  constructor(
    private readonly engine: wasm.SyncEngine,
    private readonly store: DexieStore,
    private readonly transport: Transport,
    private readonly reports: Reports,
  ) {}

  /** Goes on as whoever was signed in when the app last ran. */
  async start(): Promise<void> {
    await this.written();
    const tokens = await this.transport.tokens();
    if (tokens === undefined) {
      this.happened("tick");
    } else {
      this.happened({ signedIn: tokens.account });
    }
  }

  /** Lets go of everything. What is being stored is stored, or is not. */
  stop(): void {
    this.ended.abort();
    clearTimeout(this.timer);
    this.notifications?.abort();
    this.requests.forEach((request) => request.abort());
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  happened(event: Happened): void {
    this.take(() => this.engine.happened(JSON.stringify(event), performance.now()));
  }

  /** Syncs now, and resolves when nothing is left to do, or nothing can be done. */
  async syncNow(): Promise<void> {
    await this.written();
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      this.happened("syncNow");
    });
  }

  /** The app has written: makes edits of its notes. One at a time, and once more if somebody writes meanwhile. */
  written(): Promise<void> {
    this.noted = true;
    this.absorbing ??= this.absorb().finally(() => (this.absorbing = undefined));
    return this.absorbing;
  }

  /** Takes a durable step that the app asks for. */
  async run(task: Wanted): Promise<void> {
    const step = this.engine.begin(JSON.stringify(task));
    if (step !== undefined) {
      await this.step(step);
    }
  }

  private async absorb(): Promise<void> {
    try {
      while (this.noted && !this.ended.signal.aborted) {
        this.noted = false;
        const { more, absorbed, meta, counts } = await this.store.absorb();
        this.noted ||= more;
        this.reports.storage(null);
        if (absorbed > 0) {
          this.take(() => this.engine.written(meta, counts, performance.now()));
        }
      }
    } catch (error) {
      this.storeFailed(error);
    }
  }

  private take(turn: () => string): void {
    if (this.ended.signal.aborted) {
      return;
    }
    let taken: Turn;
    try {
      taken = JSON.parse(turn()) as Turn;
    } catch (error) {
      // The engine itself has failed: nothing that it says can be relied on, and another start may do better.
      this.giveUp(error);
      return;
    }
    taken.commands.forEach((command) => this.carryOut(command));
    this.listen(!DEAF.has(taken.status.state));
    if (taken.waiting) {
      this.waiting.splice(0).forEach((resolve) => resolve());
    }
    this.reports.status(taken.status);
  }

  private carryOut(command: Command): void {
    switch (command.command) {
      case "load":
        void this.load(command.limit);
        break;
      case "persist":
        void this.step(command.step).catch(() => undefined);
        break;
      case "send":
        void this.send(command);
        break;
      case "refresh":
        void this.refresh();
        break;
      case "cancel":
        this.requests.get(command.request)?.abort();
        this.requests.delete(command.request);
        break;
      case "wakeAt":
        this.wakeAt(command.at);
        break;
    }
  }

  private wakeAt(at: number | null): void {
    clearTimeout(this.timer);
    if (at !== null) {
      const wait = Math.min(Math.max(0, Math.ceil(at - performance.now())), TIMER_MS_MAX);
      this.timer = setTimeout(() => this.happened("tick"), wait);
    }
  }

  private async load(limit: number): Promise<void> {
    try {
      const rows = await this.store.pending(limit);
      this.take(() => this.engine.loaded(rows, performance.now()));
    } catch (error) {
      this.storeFailed(error);
      this.happened({ storeFailed: stored(error) });
    }
  }

  /** Runs a durable step, and tells the engine. It rejects if the step cannot be stored. */
  private async step(step: number): Promise<void> {
    let state: State;
    try {
      const selection = JSON.parse(this.engine.select(step)) as Selection;
      const plan = (meta: string, rows: wasm.Rows): wasm.Plan => this.engine.plan(step, meta, rows, Date.now());
      state = await this.store.update(selection, plan);
    } catch (error) {
      this.storeFailed(error);
      this.take(() => this.engine.failed(step, stored(error), performance.now()));
      throw error;
    }
    this.reports.storage(null);
    this.take(() => this.engine.stored(step, state.meta, state.counts, performance.now()));
  }

  private storeFailed(error: unknown): void {
    if (error instanceof Deposed) {
      this.giveUp(error);
    } else if (!this.ended.signal.aborted) {
      this.reports.storage(stored(error));
    }
  }

  /** Does nothing more, and says so once. */
  private giveUp(reason: unknown): void {
    if (!this.ended.signal.aborted) {
      this.stop();
      this.reports.deposed(reason);
    }
  }

  private async send(command: Extract<Command, { command: "send" }>): Promise<void> {
    const { request, account, ...call } = command;
    const abort = new AbortController();
    this.requests.set(request, abort);
    const body = this.engine.body(request);
    try {
      const answer = await this.transport.exchange(call, account, body, abort.signal);
      this.take(() => this.engine.answered(request, answer.status, answer.retryAfterMs, answer.body, performance.now()));
    } catch (error) {
      if (!abort.signal.aborted) {
        this.happened({ unanswered: [request, said(error)] });
      }
    } finally {
      this.requests.delete(request);
    }
  }

  private async refresh(): Promise<void> {
    try {
      this.happened({ refreshed: (await this.transport.refresh()) !== undefined });
    } catch (error) {
      // Without an answer the tokens are as good as before: the next request finds out.
      this.happened({ refreshed: !(error instanceof SignInNeeded) });
    }
  }

  /** Listens for the server's notifications while sync is on. */
  private listen(wanted: boolean): void {
    if (!wanted) {
      this.notifications?.abort();
      this.notifications = undefined;
    } else if (this.notifications === undefined) {
      this.notifications = new AbortController();
      void this.hear(this.notifications.signal);
    }
  }

  private async hear(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.transport.listen(signal, (rev) => this.happened({ notified: rev }));
      } catch {
        // Change notifications only saves time: without it the engine pulls by its timer, and says so itself if the server is away.
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, NOTIFICATIONS_RETRY_MS);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

/** Why something could not be stored, in words for the user. */
function stored(error: unknown): string {
  // Dexie has the reason inside of what it throws where the browser gives up the whole transaction.
  const { name, inner } = error as { readonly name?: string; readonly inner?: { readonly name?: string } | null };
  const isFull = [name, inner?.name].includes("QuotaExceededError");
  return isFull ? "cannot store what has come: the browser's storage is full; make room, and sync goes on" : said(error);
}
