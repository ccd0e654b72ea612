// The only event loop: reports events to the engine, and carries out the engine's instructions. The counterpart of src/driver.rs.

import { NOTIFICATIONS_RETRY_MS, type Command, type Happened, type Selection, type Turn, type UserRequest } from "./border.js";
import { LeadershipLost, type DexieStore, type Edits, type State } from "./store.js";
import { errorText } from "./error.js";
import { ConnectionCut, SignInNeeded, type Call, type Transport } from "./transport.js";
import type { EngineStatus } from "./api.js";
import * as wasm from "../engine/pkg/engine.js";

/** The longest delay that a JavaScript timer supports. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The events that the driver reports. */
export interface Reports {
  readonly status: (status: EngineStatus) => void;
  /** The storage has failed, or works again. */
  readonly storage: (problem: string | null) => void;
  /** This tab must stop. */
  readonly stopped: (reason: unknown) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class Driver {
  private readonly requests = new Map<number, AbortController>();
  private readonly ended = new AbortController();
  private waiters: Waiter[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the change notifications; defined while they are wanted. */
  private notifications: AbortController | undefined;
  private absorbing: Promise<void> | undefined;
  private hasWrites = false;

  constructor(
    private readonly engine: wasm.SyncEngine,
    private readonly store: DexieStore,
    private readonly transport: Transport,
    private readonly reports: Reports,
  ) {}

  /** Continues with the account that was signed in when the app last ran. */
  async start(): Promise<void> {
    await this.written();
    // If the server has ended the session, the engine detects that again, and asks for a sign-in.
    const session = await this.transport.session();
    this.happened(session === undefined ? "tick" : { signedIn: session.account });
  }

  /** Releases everything. A step that is being stored is either stored completely or not at all. */
  stop(reason: unknown = new LeadershipLost()): void {
    this.ended.abort(reason);
    clearTimeout(this.timer);
    this.notifications?.abort();
    this.requests.forEach((request) => request.abort());
    this.waiters.splice(0).forEach(({ reject }) => reject(reason));
  }

  happened(event: Happened): void {
    this.take(() => this.engine.happened(JSON.stringify(event), performance.now()));
  }

  /** Syncs now, and resolves when nothing is left to do or nothing can be done. */
  async syncNow(): Promise<void> {
    await this.written();
    await new Promise<void>((resolve, reject) => {
      if (this.ended.signal.aborted) {
        reject(this.ended.signal.reason);
        return;
      }
      this.waiters.push({ resolve, reject });
      this.happened("syncNow");
    });
  }

  /** Turns the app's writes into edits. Only one run is active at a time; writes made during a run cause one more run. */
  written(): Promise<void> {
    this.hasWrites = true;
    this.absorbing ??= this.absorb().finally(() => (this.absorbing = undefined));
    return this.absorbing;
  }

  /** Runs a durable step that the app requests. */
  async run(task: UserRequest): Promise<void> {
    const step = this.engine.begin(JSON.stringify(task));
    if (step !== undefined) {
      await this.step(step);
    }
  }

  private async absorb(): Promise<void> {
    try {
      while (this.hasWrites && !this.ended.signal.aborted) {
        this.hasWrites = false;
        const { more, absorbed, meta, counts } = await this.store.absorb();
        this.hasWrites ||= more;
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
      // The engine itself has failed, so its output is not reliable.
      this.giveUp(error);
      return;
    }
    taken.commands.forEach((command) => this.carryOut(command));
    this.listen(taken.listens);
    if (taken.waiting) {
      this.waiters.splice(0).forEach(({ resolve }) => resolve());
    }
    this.reports.status(taken.status);
  }

  private carryOut(command: Command): void {
    switch (command.command) {
      case "load":
        void this.load(command.edits, command.limit);
        break;
      case "persist":
        // The engine already knows of the failure.
        void this.step(command.step).catch(() => undefined);
        break;
      case "send":
        void this.send(command);
        break;
      case "refresh":
        void this.refresh(command.request);
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

  private async load(edits: Edits, limit: number): Promise<void> {
    try {
      const rows = await this.store.pending(edits, limit);
      this.take(() => this.engine.loaded(rows, performance.now()));
    } catch (error) {
      this.storeFailed(error);
      this.happened({ storeFailed: storageText(error) });
    }
  }

  /** Runs a durable step, and reports the result to the engine. Rejects if the step cannot be stored. */
  private async step(step: number): Promise<void> {
    let state: State;
    try {
      const selection = JSON.parse(this.engine.select(step)) as Selection;
      state = await this.store.update(selection, (meta, rows) => this.engine.plan(step, meta, rows, Date.now()));
    } catch (error) {
      this.storeFailed(error);
      this.take(() => this.engine.failed(step, storageText(error), performance.now()));
      throw error;
    }
    this.reports.storage(null);
    this.take(() => this.engine.stored(step, state.meta, state.counts, performance.now()));
  }

  private storeFailed(error: unknown): void {
    if (error instanceof LeadershipLost) {
      this.giveUp(error);
    } else if (!this.ended.signal.aborted) {
      this.reports.storage(storageText(error));
    }
  }

  /** Stops the driver, and reports it once. */
  private giveUp(reason: unknown): void {
    if (!this.ended.signal.aborted) {
      this.stop(reason);
      this.reports.stopped(reason);
    }
  }

  private async send(command: Extract<Command, { command: "send" }>): Promise<void> {
    const { request, operation, method, url } = command;
    const call: Call = { operation, method, url };
    const abort = new AbortController();
    this.requests.set(request, abort);
    const body = this.engine.body(request);
    try {
      const answer = await this.transport.exchange(call, command.account, body, abort.signal);
      const { status, account, retryAfterMs } = answer;
      this.take(() => this.engine.answered(request, status, account, retryAfterMs, answer.body, performance.now()));
    } catch (error) {
      if (!abort.signal.aborted) {
        this.unanswered(request, error);
      }
    } finally {
      this.requests.delete(request);
    }
  }

  private async refresh(request: number): Promise<void> {
    let valid = false;
    try {
      valid = (await this.transport.refresh()) !== undefined;
    } catch (error) {
      if (!(error instanceof SignInNeeded)) {
        this.unanswered(request, error);
        return;
      }
    }
    this.take(() => this.engine.refreshed(request, valid, performance.now()));
  }

  private unanswered(request: number, error: unknown): void {
    this.take(() => this.engine.unanswered(request, errorText(error), error instanceof ConnectionCut, performance.now()));
  }

  /** Listens for change notifications while they are wanted. */
  private listen(wanted: boolean): void {
    if (!wanted) {
      this.notifications?.abort();
      this.notifications = undefined;
    } else if (this.notifications === undefined) {
      this.notifications = new AbortController();
      void this.keepListening(this.notifications.signal);
    }
  }

  /**
   * Opens the change notifications again and again. They only reduce latency: without them the engine pulls by its timer. A stream that
   * breaks is the first sign that the server is unreachable: the engine then tries a request, and another one when the stream is back.
   */
  private async keepListening(signal: AbortSignal): Promise<void> {
    let isBroken = false;
    while (!signal.aborted) {
      let openedAt: number | undefined;
      const open = (): void => {
        openedAt = performance.now();
        if (isBroken) {
          isBroken = false;
          this.happened("probe");
        }
      };
      try {
        await this.transport.listen(signal, { open, changed: (rev) => this.happened({ notified: rev }) });
      } catch {
        if (!signal.aborted && !isBroken) {
          isBroken = true;
          this.happened("probe");
        }
      }
      // The server ends a stream when its token expires: after it has worked for a while, the stream is reopened at once.
      const served = openedAt === undefined ? 0 : performance.now() - openedAt;
      await sleep(isBroken || served < NOTIFICATIONS_RETRY_MS ? NOTIFICATIONS_RETRY_MS : 0, signal);
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Why something could not be stored, as a message for the user. */
function storageText(error: unknown): string {
  // If the browser aborts the whole transaction, Dexie wraps the reason in the error that it throws.
  const { name, inner } = error as { readonly name?: string; readonly inner?: { readonly name?: string } | null };
  const isFull = [name, inner?.name].includes("QuotaExceededError");
  return isFull ? "cannot store changes: the browser's storage is full; free some space, and sync continues" : errorText(error);
}
