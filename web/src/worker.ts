// The worker of a page: takes part in the election among all tabs, and hosts the device while it leads.

import { openChannel, type Message, type Order, type Report, type Settings } from "./channel.js";
import { versionOf } from "./database.js";
import { errorText } from "./error.js";
import { Host, type HostEnvironment } from "./host.js";
import { LeaderElection } from "./leader.js";
import { loadEngine, startupProblem } from "./startup.js";
import { LeadershipLost } from "./store.js";
import type { Audit } from "./transport.js";
import { contractVersion } from "../engine/pkg/engine.js";

/** The number of answers that are kept, in case a page repeats its call. */
const CALLS_KEPT = 100;
/** The delay before a worker that lost the leadership takes part in the election again. */
const REST_MS = 1_000;

class TabWorker {
  private readonly channel: BroadcastChannel;
  private readonly election: LeaderElection;
  private host: Host | undefined;
  /** The message of the previous host about its end, which the next host reports. */
  private notice: string | null = null;
  /** The answers to calls, so that a repeated call is not carried out twice. */
  private readonly calls = new Map<string, Promise<Message>>();
  /** Loading the engine; undefined after a failure. */
  private loading: Promise<void> | undefined;
  /** The version of the app, known once the engine is loaded: the layout of its database and its contract. */
  private version: string | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly audit: Audit | undefined,
  ) {
    this.channel = openChannel(settings.name);
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.receive(data);
    this.election = new LeaderElection(`stronglog-sync:${settings.name}`, {
      lead: () => this.lead(),
      beat: () => this.beat(false),
      lost: (reason) => this.lost(reason),
    });
    this.election.enter();
    // A worker that only follows loads the engine too: when it is elected, an update may have replaced the file on the server.
    this.load().catch((error: unknown) => this.lost(error));
  }

  order(order: Exclude<Order, { order: "start" }>): void {
    switch (order.order) {
      case "leave":
        this.election.stepDown();
        break;
      case "enter":
        this.election.enter();
        break;
      case "online":
        this.host?.online(order.online);
        break;
      case "ping":
        report({ report: "pong" });
        break;
      case "close":
        this.election.end();
        this.channel.close();
        self.close();
        break;
    }
  }

  private load(): Promise<void> {
    const { contract } = this.settings;
    this.loading ??= loadEngine(contract?.json).then(
      () => {
        this.version = `${versionOf(contract)}:${contractVersion()}`;
      },
      (error: unknown) => {
        this.loading = undefined;
        throw error;
      },
    );
    return this.loading;
  }

  private beat(first: boolean): void {
    this.say({ say: "leading", tab: this.settings.tab, version: this.version ?? "", first });
  }

  private async lead(): Promise<() => void> {
    await this.load();
    const environment: HostEnvironment = {
      fetch: (input, request) => fetch(input, request),
      audit: this.audit,
      report: (status) => this.say({ say: "status", status }),
      stopped: (reason) => this.stopped(reason),
      notice: this.notice,
    };
    const host = await Host.open(this.settings, environment);
    this.host = host;
    // The host got no notice of writes that were made while it was opened.
    host.written();
    report({ report: "problem", problem: null });
    this.beat(true);
    return () => {
      this.host = undefined;
      this.calls.clear();
      host.close();
    };
  }

  private receive(message: Message): void {
    switch (message.say) {
      case "hello":
        this.host?.repeatStatus();
        break;
      case "written":
        this.host?.written();
        break;
      case "paused":
        this.host?.pause(message.paused);
        break;
      case "leading":
        this.election.heardLeader(this.version !== undefined && isOlder(message.version, this.version));
        break;
      case "call":
        if (this.host !== undefined) {
          void this.answer(this.host, message);
        }
        break;
      case "status":
        // The message is from a former leader that does not know yet that it was replaced: corrects the information that pages received
        // from it.
        if (message.status.tab !== this.settings.tab) {
          this.host?.repeatStatus();
        }
        break;
      case "answer":
        break;
    }
  }

  private async answer(host: Host, { id, method, arguments: given }: Extract<Message, { say: "call" }>): Promise<void> {
    const call = async (): Promise<Message> => {
      try {
        return { say: "answer", id, result: await host.call(method, given) };
      } catch (error) {
        return { say: "answer", id, error: errorText(error) };
      }
    };
    const answering = this.calls.get(id) ?? call();
    this.calls.set(id, answering);
    const oldest = this.calls.keys().next();
    if (this.calls.size > CALLS_KEPT && oldest.done === false) {
      this.calls.delete(oldest.value);
    }
    const answer = await answering;
    // If a call failed because this worker no longer leads, its page sends it again to the next leader.
    const failed = answer.say === "answer" && answer.error !== undefined;
    if (!failed || this.host === host) {
      this.say(answer);
    }
  }

  private say(message: Message): void {
    this.channel.postMessage(message);
  }

  /** The host cannot continue: another tab leads, the database was emptied, or the engine has failed. */
  private stopped(reason: unknown): void {
    if (!(reason instanceof LeadershipLost)) {
      this.election.end();
      report({ report: "failed", problem: `sync has stopped: ${errorText(reason)}; it is being restarted` });
      return;
    }
    this.notice = reason.notice;
    this.election.stepDown();
    setTimeout(() => this.election.enter(), REST_MS);
  }

  private lost(reason: unknown): void {
    // Stepping down and being replaced are not problems.
    if (!(reason instanceof LeadershipLost || (reason instanceof DOMException && reason.name === "AbortError"))) {
      report({ report: "problem", problem: startupProblem(reason) });
    }
  }
}

/** Whether one version is older than another, comparing numbers, so that 9 is less than 10. */
export function isOlder(one: string, other: string): boolean {
  return one.localeCompare(other, "en", { numeric: true }) < 0;
}

function report(report: Report): void {
  self.postMessage(report);
}

/** Holds a lock until the worker ends for any reason: this is how its page detects the end. */
function proveLife(lock: string): void {
  void navigator.locks.request(lock, () => {
    report({ report: "alive" });
    return new Promise<never>(() => undefined);
  });
}

/** Waits for the page's messages. */
export function serve(audit?: Audit): void {
  let worker: TabWorker | undefined;
  self.onmessage = ({ data }: MessageEvent<Order>) => {
    if (data.order === "start") {
      proveLife(data.settings.life);
      worker = new TabWorker(data.settings, audit);
    } else {
      worker?.order(data);
    }
  };
}
