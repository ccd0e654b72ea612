// Keeps a page's worker running: starts it, detects that it has ended or hangs, and restarts it.

import type { Order, Report, Settings } from "./channel.js";
import { errorText } from "./error.js";
import { newId } from "./id.js";

/** The time limit for a worker to start. */
const START_MS_MAX = 30_000;
/** The interval at which the page asks its worker for an answer. */
const PING_MS = 1_000;
/** The silence after which a worker counts as hanging: an open transaction of a hanging worker blocks the app's writes. */
const SILENCE_MS_MAX = 10_000;
/** The delay before a worker is restarted; it doubles with each failure. */
const RESTART_MS = 1_000;
const RESTART_MS_MAX = 30_000;
/** A worker that has run for this long does not count as a failure. */
const HEALTHY_MS = 60_000;

export class WorkerSupervisor {
  private worker: Worker | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pings: ReturnType<typeof setInterval> | undefined;
  private heardAt = 0;
  private startedAt = 0;
  private failures = 0;
  private hasEnded = false;

  /**
   * @param make Creates the worker.
   * @param tell Receives the reason why the worker cannot sync, and null once it can.
   */
  constructor(
    private readonly make: () => Worker,
    private readonly settings: Omit<Settings, "life">,
    private readonly tell: (problem: string | null) => void,
  ) {
    this.start();
  }

  order(order: Order): void {
    this.worker?.postMessage(order);
  }

  end(): void {
    this.hasEnded = true;
    this.stopTimers();
    this.order({ order: "close" });
    this.worker = undefined;
  }

  private start(): void {
    this.startedAt = performance.now();
    if (navigator.locks === undefined) {
      this.failed("cannot start the sync worker: Web Locks are not available to this page; serve it over https");
      return;
    }
    const life = `stronglog-sync:life:${newId()}`;
    let worker: Worker;
    try {
      worker = this.make();
    } catch (error) {
      const remedy = "let the page's Content-Security-Policy allow it with worker-src 'self'; with Trusted Types, create it in the option `worker`";
      this.failed(`cannot start the sync worker: ${errorText(error)}; ${remedy}`);
      return;
    }
    this.worker = worker;
    const late = `cannot start the sync worker: it did not run within ${START_MS_MAX / 1_000} s; check the network`;
    this.timer = setTimeout(() => this.failed(late), START_MS_MAX);
    worker.onmessage = ({ data }: MessageEvent<Report>) => this.receive(worker, life, data);
    worker.onerror = (event) => {
      // The error of a file that cannot be loaded has no message.
      const seen = event.message ?? "its script could not be loaded; reload the page, if the app was updated; otherwise serve it from the page's origin, and allow it in worker-src";
      if (this.worker === worker) {
        this.failed(`cannot run the sync worker: ${seen}`);
      }
    };
    this.order({ order: "start", settings: { ...this.settings, life } });
  }

  private receive(worker: Worker, life: string, report: Report): void {
    if (this.worker !== worker) {
      return;
    }
    this.heardAt = performance.now();
    switch (report.report) {
      case "alive":
        clearTimeout(this.timer);
        void this.watch(worker, life);
        this.ping();
        break;
      case "pong":
        break;
      case "problem":
        this.tell(report.problem);
        break;
      case "failed":
        this.failed(report.problem);
        break;
    }
  }

  /** Waits for the lock that the worker holds for its lifetime. */
  private async watch(worker: Worker, life: string): Promise<void> {
    await navigator.locks.request(life, () => undefined);
    if (this.worker === worker) {
      this.failed("the sync worker has ended: the browser may be short of memory; it is being restarted");
    }
  }

  /** Pings the worker until it hangs. */
  private ping(): void {
    let askedAt = performance.now();
    this.pings = setInterval(() => {
      const now = performance.now();
      // A page that was frozen has received nothing, so the silence says nothing about its worker.
      this.heardAt = now - askedAt > 3 * PING_MS ? now : this.heardAt;
      askedAt = now;
      if (now - this.heardAt > SILENCE_MS_MAX) {
        this.failed("the sync worker does not respond and is being restarted; try again in a moment");
      } else {
        this.order({ order: "ping" });
      }
    }, PING_MS);
  }

  private stopTimers(): void {
    clearTimeout(this.timer);
    clearInterval(this.pings);
  }

  private failed(problem: string): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.stopTimers();
    if (this.hasEnded) {
      return;
    }
    this.failures = performance.now() - this.startedAt > HEALTHY_MS ? 0 : this.failures;
    this.timer = setTimeout(() => this.start(), Math.min(RESTART_MS * 2 ** this.failures, RESTART_MS_MAX));
    this.failures += 1;
    this.tell(problem);
  }
}
