// The page's side: the database with its watched writes, the worker, and calls to whichever worker leads.

import type { BlockedRecord, CollectionPath, PastVersion, QuarantinedChange, StrongLogDatabase, Sync, SyncOptions, SyncStatus } from "./api.js";
import { openChannel, type LedStatus, type Message, type Method, type Order, type Settings } from "./channel.js";
import { makeDatabase } from "./database.js";
import { newId } from "./id.js";
import { watchWrites } from "./writes.js";

const NAME = "stronglog";

/** What is known before a worker has said anything. */
const UNKNOWN: SyncStatus = {
  state: "off",
  account: null,
  pending: 0,
  pendingSince: null,
  blocked: 0,
  quarantined: 0,
  lastSuccessfulServerSyncTimestamp: null,
  lastSuccessfulClientPushTimestamp: null,
  collections: {},
  nextAttemptInMs: null,
  toBeDeleted: 0,
  lastError: null,
  leader: false,
  persisted: false,
  storageProblem: null,
};

interface Waiting {
  readonly message: Message;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Makes the database and starts to sync in a worker, if somebody is signed in. */
export function createSync(options: SyncOptions): Sync {
  return new Page(options);
}

class Page implements Sync {
  readonly db: StrongLogDatabase;
  readonly status: Sync["status"];
  private readonly settings: Settings;
  private readonly channel: BroadcastChannel;
  private readonly worker: Worker;
  private readonly waiting = new Map<string, Waiting>();
  private readonly listeners = new Set<() => void>();
  private readonly ended = new AbortController();
  private current = UNKNOWN;
  /** Whether this page has paused sync: whoever leads next is told again. */
  private paused = false;

  constructor(options: SyncOptions) {
    const { name = NAME, pollMs, validateWithZod = false } = options;
    this.settings = { tab: newId(), name, baseUrl: checked(options.baseUrl), validateWithZod, pollMs };
    const database = makeDatabase(name);
    this.channel = openChannel(name);
    watchWrites(database, () => this.channel.postMessage({ say: "written" } satisfies Message));
    this.db = database as unknown as StrongLogDatabase;
    this.status = {
      getSnapshot: () => this.current,
      subscribe: (listener) => {
        // Each call is a subscription of its own, even of the same listener.
        const heard = (): void => listener();
        this.listeners.add(heard);
        return () => void this.listeners.delete(heard);
      },
    };
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data);
    this.worker = options.worker?.() ?? startWorker(validateWithZod);
    this.worker.onmessage = ({ data }: MessageEvent<{ readonly problem: string }>) => this.update({ storageProblem: data.problem });
    this.worker.onerror = (event) => this.update({ storageProblem: `cannot run the sync worker: ${event.message}` });
    this.order({ order: "start", settings: this.settings });
    this.watchPage();
    this.channel.postMessage({ say: "hello" } satisfies Message);
  }

  signUp(credentials: { readonly email: string; readonly password: string }): Promise<void> {
    return this.persist().then(() => this.call("signUp", credentials));
  }

  signIn(credentials: { readonly email: string; readonly password: string }): Promise<void> {
    return this.persist().then(() => this.call("signIn", credentials));
  }

  signOut(): Promise<void> {
    return this.call("signOut");
  }

  enable(): Promise<void> {
    return this.persist().then(() => this.call("enable"));
  }

  disable(): Promise<void> {
    return this.call("disable");
  }

  syncNow(): Promise<void> {
    return this.call("syncNow");
  }

  pause(): void {
    this.setPaused(true);
  }

  resume(): void {
    this.setPaused(false);
  }

  confirmDeletions(answer: "delete" | "pushAgain" = "delete"): Promise<void> {
    return this.call("confirmDeletions", answer);
  }

  blocked(): Promise<BlockedRecord[]> {
    return this.call("blocked");
  }

  retry(collection: CollectionPath, id: string): Promise<void> {
    return this.call("retry", collection, id);
  }

  discard(collection: CollectionPath, id: string): Promise<void> {
    return this.call("discard", collection, id);
  }

  quarantine(): Promise<QuarantinedChange[]> {
    return this.call("quarantine");
  }

  conflicts(limit?: number): Promise<PastVersion[]> {
    return this.call("conflicts", limit);
  }

  restore(number: number): Promise<void> {
    return this.call("restore", number);
  }

  newId(): string {
    return newId();
  }

  close(): Promise<void> {
    this.ended.abort();
    this.order({ order: "close" });
    this.channel.close();
    this.db.close();
    this.waiting.forEach(({ reject }) => reject(new Error("the sync was closed; createSync makes another")));
    this.waiting.clear();
    this.listeners.clear();
    return Promise.resolve();
  }

  private setPaused(paused: boolean): void {
    this.paused = paused;
    // It fails only if the sync was closed, and then nothing is sent anyway.
    this.call(paused ? "pause" : "resume").catch(() => undefined);
  }

  /** Asks the leading worker. Until one leads the call waits, and a leader that takes over is asked again. */
  private call<T>(method: Method, ...given: unknown[]): Promise<T> {
    if (this.ended.signal.aborted) {
      return Promise.reject(new Error(`cannot call ${method}: the sync was closed; createSync makes another`));
    }
    const id = newId();
    const message: Message = { say: "call", id, method, arguments: given };
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { message, resolve, reject });
      this.channel.postMessage(message);
    });
  }

  private hear(message: Message): void {
    switch (message.say) {
      case "status": {
        const { tab, ...status } = message.status satisfies LedStatus;
        this.current = { ...status, leader: tab === this.settings.tab };
        this.tell();
        break;
      }
      case "leading":
        if (message.first) {
          this.waiting.forEach(({ message: call }) => this.channel.postMessage(call));
          if (this.paused) {
            this.setPaused(true);
          }
        }
        break;
      case "answer": {
        const waiting = this.waiting.get(message.id);
        this.waiting.delete(message.id);
        if (message.error === undefined) {
          waiting?.resolve(message.result as never);
        } else {
          waiting?.reject(new Error(message.error));
        }
        break;
      }
      case "hello":
      case "written":
      case "call":
        break;
    }
  }

  private update(changed: Partial<SyncStatus>): void {
    this.current = { ...this.current, ...changed };
    this.tell();
  }

  private tell(): void {
    this.listeners.forEach((listener) => listener());
  }

  private order(order: Order): void {
    this.worker.postMessage(order);
  }

  /** Asks the browser not to evict the database. A browser that asks the user does so when the user signs in, not at the first sight. */
  private async persist(): Promise<void> {
    // Storage that is not promised works all the same; the status says so.
    await navigator.storage?.persist?.().catch(() => false);
  }

  /** A page that is frozen lets another tab lead, and comes back when it is shown. Whether there is a network is a hint. */
  private watchPage(): void {
    if (typeof window === "undefined") {
      return;
    }
    const { signal } = this.ended;
    const on = (target: EventTarget, type: string, job: () => void): void => target.addEventListener(type, job, { signal });
    on(window, "pagehide", () => this.order({ order: "leave" }));
    on(window, "pageshow", () => this.order({ order: "enter" }));
    on(document, "freeze", () => this.order({ order: "leave" }));
    on(document, "resume", () => this.order({ order: "enter" }));
    on(window, "online", () => this.order({ order: "online", online: true }));
    on(window, "offline", () => this.order({ order: "online", online: false }));
  }
}

function startWorker(audited: boolean): Worker {
  return audited
    ? new Worker(new URL("./worker-audited.js", import.meta.url), { type: "module" })
    : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

/** The server's address, if it is one and safe. */
function checked(baseUrl: string): string {
  const url = URL.parse(baseUrl, globalThis.location?.href);
  if (url === null) {
    throw new TypeError(`cannot use ${JSON.stringify(baseUrl)} as the server's address: it is no URL`);
  }
  const loopback = url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d+){3}$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    throw new TypeError(`cannot use ${JSON.stringify(baseUrl)} as the server's address: only https is safe outside this machine`);
  }
  return url.href.replace(/\/+$/, "");
}
