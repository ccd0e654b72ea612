// The worker of a page: stands for the lead among all tabs, and hosts the device while it has it.

import { openChannel, type LedStatus, type Message, type Order, type Settings } from "./channel.js";
import { Host, type Surroundings } from "./host.js";
import { Candidate } from "./leader.js";
import { said, type Audit } from "./transport.js";
import init from "../engine/pkg/engine.js";

/** How many calls are remembered, in case a page asks again. */
const CALLS_KEPT = 100;
/** How long a worker that had to give up the lead stays behind. */
const REST_MS = 1_000;

class TabWorker {
  private readonly channel: BroadcastChannel;
  private readonly candidate: Candidate;
  private host: Host | undefined;
  /** The answers to calls, so that a call that is repeated is not carried out again. */
  private readonly calls = new Map<string, Promise<Message>>();

  constructor(
    private readonly settings: Settings,
    private readonly audit: Audit | undefined,
  ) {
    this.channel = openChannel(settings.name);
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data);
    this.candidate = new Candidate(`stronglog-sync:${settings.name}`, {
      lead: () => this.lead(),
      beat: () => this.say({ say: "leading", tab: settings.tab, first: false }),
      lost: (reason) => this.lost(reason),
    });
    this.candidate.enter();
  }

  order(order: Exclude<Order, { order: "start" }>): void {
    switch (order.order) {
      case "leave":
        this.candidate.stepDown();
        break;
      case "enter":
        this.candidate.enter();
        break;
      case "online":
        this.host?.online(order.online);
        break;
      case "close":
        this.candidate.end();
        this.channel.close();
        self.close();
        break;
    }
  }

  private async lead(): Promise<() => void> {
    await init();
    const surroundings: Surroundings = {
      fetch: (input, request) => fetch(input, request),
      audit: this.audit,
      report: (status) => this.say({ say: "status", status }),
      deposed: (reason) => this.deposed(reason),
      persisted: () => navigator.storage.persisted(),
    };
    const host = await Host.open(this.settings, surroundings);
    this.host = host;
    // What was written while the host was being opened, nobody has told it.
    host.written();
    this.say({ say: "leading", tab: this.settings.tab, first: true });
    return () => {
      this.host = undefined;
      this.calls.clear();
      host.close();
    };
  }

  private hear(message: Message): void {
    switch (message.say) {
      case "hello":
        this.host?.repeat();
        break;
      case "written":
        this.host?.written();
        break;
      case "leading":
        this.candidate.hear();
        break;
      case "call":
        if (this.host !== undefined) {
          void this.answer(this.host, message);
        }
        break;
      case "status":
        // Of a leader that does not know yet that it was replaced: what pages have heard from it is put right.
        if (message.status.tab !== this.settings.tab) {
          this.host?.repeat();
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
        return { say: "answer", id, error: said(error) };
      }
    };
    const answer = this.calls.get(id) ?? call();
    this.calls.set(id, answer);
    const oldest = this.calls.keys().next();
    if (this.calls.size > CALLS_KEPT && oldest.done === false) {
      this.calls.delete(oldest.value);
    }
    this.say(await answer);
  }

  private say(message: Message): void {
    this.channel.postMessage(message);
  }

  /** Another tab writes to the database, or the engine has failed: begins anew, behind the others. */
  private deposed(reason: unknown): void {
    if (this.host !== undefined) {
      this.lost(reason);
      this.candidate.stepDown();
      setTimeout(() => this.candidate.enter(), REST_MS);
    }
  }

  private lost(reason: unknown): void {
    if (!(reason instanceof DOMException && reason.name === "AbortError")) {
      const problem = said(reason);
      self.postMessage({ problem } satisfies { problem: LedStatus["storageProblem"] });
    }
  }
}

/** Waits for the page's orders. */
export function serve(audit?: Audit): void {
  let worker: TabWorker | undefined;
  self.onmessage = ({ data }: MessageEvent<Order>) => {
    if (data.order === "start") {
      worker = new TabWorker(data.settings, audit);
    } else {
      worker?.order(data);
    }
  };
}
