// The page's side: the database with its intercepted writes, the worker, and calls to the leading worker.

import {
  LoginRequestSchema,
  MakeRecoveryCodeRequestSchema,
  RecoverRequestSchema,
  RegisterRequestSchema,
  RenameDeviceRequestSchema,
} from "../../generated/typescript/schemas.js";
import type { Device } from "../../generated/typescript/types.js";
import type {
  BlockedRecord,
  CollectionPath,
  Credentials,
  PastVersion,
  QuarantinedChange,
  Recovery,
  StrongLogDatabase,
  Sync,
  SyncOptions,
  SyncStatus,
} from "./api.js";
import { Calls } from "./calls.js";
import { forWorker, STRONGLOG, type Contract } from "./contract.js";
import { openChannel, type LeaderStatus, type Message, type Method } from "./channel.js";
import { countOwnTables, countUnknown, HELD_OPEN, isExtended, isOutdated, makeDatabase, opened, OUTDATED, PAUSED, refusalOf, type Database } from "./database.js";
import { errorText } from "./error.js";
import { newId } from "./id.js";
import { BEAT_MS } from "./leader.js";
import { membersOf, wholeNumber } from "./members.js";
import type { Session } from "./transport.js";
import { WorkerSupervisor } from "./supervisor.js";
import { watchWrites } from "./writes.js";

const NAME = "stronglog";
/** The name of the local database of an app with a contract of its own. */
const NAME_ELSEWHERE = "app";
/** The silence after which a page assumes that there is no leader: longer than another tab needs to take over. */
const LEADER_SILENCE_MS_MAX = 5_000;
/** The silence after which calls are rejected. */
const CALL_SILENCE_MS_MAX = 10_000;

/** The number of past versions that are listed by default. */
const CONFLICTS = 100;

/** The status before the first report of a worker. */
const STARTING: SyncStatus = {
  state: "starting",
  account: null,
  pending: 0,
  pendingSince: null,
  blocked: 0,
  quarantined: 0,
  unknownCollections: {},
  lastSuccessfulServerSyncTimestamp: null,
  lastSuccessfulClientPushTimestamp: null,
  collections: {},
  nextAttemptInMs: null,
  toBeDeleted: 0,
  differsSince: null,
  lastDifferenceAt: null,
  lastError: null,
  serverClockAheadMs: null,
  correctsClock: false,
  leader: false,
  persisted: false,
  storageProblem: null,
};

/** Creates the local database, and starts to sync in a worker if a user is signed in. */
export function createSync(options: SyncOptions): Sync;
export function createSync<Records extends object>(options: SyncOptions & { readonly contract: Contract }): Sync<Records>;
export function createSync(options: SyncOptions): Sync {
  return new Page(options);
}

class Page implements Sync {
  readonly db: StrongLogDatabase;
  readonly status: Sync["status"];
  private readonly database: Database;
  private readonly tab = newId();
  private readonly channel: BroadcastChannel;
  private readonly supervisor: WorkerSupervisor;
  private readonly calls: Calls;
  private readonly listeners = new Set<() => void>();
  private readonly ended = new AbortController();
  private current = STARTING;
  /** Whether a newer version of the app has changed the database. Both sync what they know until this page is reloaded. */
  private isOutdated = false;
  /** The reason why this page's worker cannot sync. */
  private problem: string | null = null;
  /** Whether a leader is active. */
  private isLed = false;
  private heardAt = performance.now();
  private watchedAt = performance.now();

  constructor(options: SyncOptions) {
    if (typeof navigator === "undefined" || typeof Worker === "undefined") {
      throw new Error("createSync needs a browser: call it on the client only, for example in useEffect");
    }
    const { contract, name = contract === undefined ? NAME : NAME_ELSEWHERE, pollMs, validateWithZod = false } = options;
    if (contract !== undefined && validateWithZod) {
      throw new TypeError("cannot validate with Zod: the package contains only the Zod schemas of StrongLog's contract");
    }
    const given = contract === undefined ? undefined : forWorker(contract);
    const settings = { tab: this.tab, name, baseUrl: checkedUrl(options.baseUrl), validateWithZod, pollMs, contract: given };
    const pageContract = contract ?? STRONGLOG;
    this.database = makeDatabase(name, pageContract);
    this.channel = openChannel(name);
    this.calls = new Calls((message) => this.say(message));
    this.database.on("blocked", () => this.update({ storageProblem: HELD_OPEN }));
    this.database.on("ready", async (database) => this.takeOutdated(await isOutdated(database as Database, pageContract)), true);
    // Dexie closes the database, and the next request opens it again. If it is deleted, it is not created again.
    this.database.on("versionchange", ({ newVersion }) => void (newVersion !== null && setTimeout(() => void this.readAlone())));
    watchWrites(this.database, () => this.written(), pageContract);
    this.db = this.database as unknown as StrongLogDatabase;
    this.status = {
      getSnapshot: () => this.current,
      subscribe: (listener) => {
        // Each call is a separate subscription, even with the same listener.
        const subscription = (): void => listener();
        this.listeners.add(subscription);
        return () => void this.listeners.delete(subscription);
      },
    };
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.receive(data);
    const make = options.worker ?? (() => startWorker(validateWithZod));
    this.supervisor = new WorkerSupervisor(make, settings, (problem) => this.takeProblem(problem));
    this.watchPage();
    this.watchLeader();
    this.say({ say: "hello" });
    void this.readAlone();
    void this.lookForPersistence();
  }

  async signUp(credentials: Credentials): Promise<void> {
    const members = membersOf("create the account", RegisterRequestSchema, credentials, ["email", "password"]);
    this.persist();
    return this.call("signUp", members);
  }

  async signIn(credentials: Credentials): Promise<void> {
    const members = membersOf("sign in", LoginRequestSchema, credentials, ["email", "password"]);
    this.persist();
    return this.call("signIn", members);
  }

  signOut(): Promise<void> {
    return this.call("signOut");
  }

  devices(): Promise<Device[]> {
    return this.call("devices");
  }

  async renameDevice(id: string, name: string): Promise<void> {
    return this.call("renameDevice", id, membersOf("rename the device", RenameDeviceRequestSchema, { name }, ["name"]).name);
  }

  revokeDevice(id: string): Promise<void> {
    return this.call("revokeDevice", id);
  }

  async makeRecoveryCode(password: string): Promise<string> {
    const members = membersOf("create a recovery code", MakeRecoveryCodeRequestSchema, { password }, ["password"]);
    return this.call("makeRecoveryCode", members.password);
  }

  async recover(recovery: Recovery): Promise<void> {
    return this.call("recover", membersOf("set a new password", RecoverRequestSchema, recovery, ["email", "recoveryCode", "newPassword"]));
  }

  enable(): Promise<void> {
    this.persist();
    return this.call("enable");
  }

  disable(): Promise<void> {
    return this.call("disable");
  }

  syncNow(): Promise<void> {
    return this.call("syncNow");
  }

  pause(): Promise<void> {
    return this.setPaused(true);
  }

  resume(): Promise<void> {
    return this.setPaused(false);
  }

  async confirmDeletions(answer: "delete" | "pushAgain" = "delete"): Promise<void> {
    if (answer !== "delete" && answer !== "pushAgain") {
      throw new TypeError(`cannot confirm the deletions with ${JSON.stringify(answer)}; expected "delete" or "pushAgain"`);
    }
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

  async conflicts(limit = CONFLICTS): Promise<PastVersion[]> {
    return this.call("conflicts", wholeNumber("list conflicts", "limit", limit, 2 ** 32 - 1));
  }

  async restore(number: number): Promise<void> {
    return this.call("restore", wholeNumber("restore a past version", "number", number, Number.MAX_SAFE_INTEGER));
  }

  newId(): string {
    return newId();
  }

  close(): Promise<void> {
    this.ended.abort();
    this.supervisor.end();
    this.channel.close();
    this.database.close();
    this.calls.rejectAll("the sync was closed; createSync creates another");
    this.listeners.clear();
    return Promise.resolve();
  }

  /** Stores the setting in the database, so that the next leader sends nothing either, even after a reload. */
  private async setPaused(paused: boolean): Promise<void> {
    const method = paused ? "pause" : "resume";
    this.checkCall(method, refusalOf(this.database));
    await opened(this.database).catch((error: unknown) => this.checkCall(method, errorText(error)));
    await this.database._device.put({ name: PAUSED, value: paused });
    this.say({ say: "paused", paused });
  }

  /** Calls the leading worker. If another leader takes over before the answer, the call is sent again. */
  private async call<T>(method: Method, ...given: unknown[]): Promise<T> {
    const { state, lastError } = this.current;
    this.checkCall(method, refusalOf(this.database) ?? (state === "unavailable" ? (lastError ?? "sync does not run") : undefined));
    return this.calls.ask(method, given);
  }

  /** Throws if a call cannot be carried out. */
  private checkCall(method: string, problem: string | undefined): void {
    const found = this.ended.signal.aborted ? "the sync was closed; createSync creates another" : problem;
    if (found !== undefined) {
      throw new Error(`cannot call ${method}: ${found}`);
    }
  }

  private say(message: Message): void {
    if (!this.ended.signal.aborted) {
      this.channel.postMessage(message);
    }
  }

  private written(): void {
    this.say({ say: "written" });
    // From now on the page must not report that everything is synced. The exact count follows: from the leader, or read here if there is none.
    const { pending, pendingSince } = this.current;
    this.update({ pending: Math.max(1, pending), pendingSince: pendingSince ?? Date.now() });
    if (!this.isLed) {
      void this.readAlone();
    }
  }

  private receive(message: Message): void {
    if (refusalOf(this.database) !== undefined) {
      // The leader syncs the database of another contract.
      return;
    }
    switch (message.say) {
      case "status":
        this.heard();
        this.takeStatus(message.status);
        break;
      case "leading":
        this.heard();
        if (message.first) {
          this.calls.repeat();
        } else if (!this.isLed) {
          // This page missed the status, or concluded from the silence that there was no leader.
          this.say({ say: "hello" });
        }
        break;
      case "answer":
        this.heard();
        this.calls.answered(message);
        break;
      case "hello":
      case "written":
      case "paused":
      case "call":
        break;
    }
  }

  private heard(): void {
    this.heardAt = performance.now();
  }

  private takeStatus({ tab, ...status }: LeaderStatus): void {
    this.isLed = true;
    this.update({ ...status, leader: tab === this.tab });
  }

  private takeProblem(problem: string | null): void {
    this.problem = problem;
    // Another tab may still lead; its messages show it.
    if (problem !== null && (!this.isLed || this.current.leader)) {
      this.leaderGone();
    }
  }

  /** Checks periodically whether there is a leader. */
  private watchLeader(): void {
    const timer = setInterval(() => {
      const now = performance.now();
      // A page that was frozen has received nothing, so the silence says nothing about the leader.
      this.heardAt = now - this.watchedAt > 3 * BEAT_MS ? now : this.heardAt;
      this.watchedAt = now;
      if (this.isLed && now - this.heardAt > LEADER_SILENCE_MS_MAX) {
        this.leaderGone();
      }
      if (now - this.heardAt > CALL_SILENCE_MS_MAX) {
        this.calls.rejectAll(this.problem ?? "the sync worker does not respond and is being restarted; try again in a moment");
      }
    }, BEAT_MS);
    this.ended.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** There is no leader: the status gives the reason, calls are rejected, and pending edits are counted here. */
  private leaderGone(): void {
    this.isLed = false;
    this.update({ state: this.problem === null ? "starting" : "unavailable", lastError: this.problem, leader: false, nextAttemptInMs: null });
    if (this.problem !== null) {
      this.calls.rejectAll(this.problem);
    }
    void this.readAlone();
  }

  /** Reads from the database what a leader would report, while there is no leader. */
  private async readAlone(): Promise<void> {
    try {
      const [counts, tokens] = await Promise.all([countOwnTables(this.database), this.database._device.get("tokens")]);
      const unknownCollections = isExtended(this.database) ? await countUnknown(this.database) : {};
      if (!this.isLed) {
        const session = tokens?.value as Session | undefined;
        const account = session?.accessToken === undefined ? null : session.account;
        this.update({ ...counts, unknownCollections, account, storageProblem: null });
      }
    } catch (error) {
      if (!this.isLed && !this.ended.signal.aborted) {
        this.update({ storageProblem: `cannot open the local database: ${refusalOf(this.database) ?? errorText(error)}` });
      }
    }
  }

  private takeOutdated(isOutdated: boolean): void {
    this.isOutdated ||= isOutdated;
    this.update({});
  }

  private update(changed: Partial<SyncStatus>): void {
    const next = { ...this.current, ...changed };
    this.current = { ...next, storageProblem: next.storageProblem ?? (this.isOutdated ? OUTDATED : null) };
    this.listeners.forEach((listener) => listener());
  }

  /** Asks the browser not to evict the database. The browser may ask the user, so nothing waits for the answer. */
  private persist(): void {
    void navigator.storage?.persist?.().then(
      () => this.lookForPersistence(),
      // Storage that may be evicted still works; the status reports it.
      () => undefined,
    );
  }

  private async lookForPersistence(): Promise<void> {
    const persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
    if (persisted !== this.current.persisted) {
      this.update({ persisted });
    }
  }

  /** A page that is frozen lets another tab lead, and takes part again when it is shown. The network state is only a hint. */
  private watchPage(): void {
    if (typeof window === "undefined") {
      return;
    }
    const { signal } = this.ended;
    const on = (target: EventTarget, type: string, job: () => void): void => target.addEventListener(type, job, { signal });
    on(window, "pagehide", () => this.supervisor.order({ order: "leave" }));
    on(window, "pageshow", () => this.supervisor.order({ order: "enter" }));
    on(document, "freeze", () => this.supervisor.order({ order: "leave" }));
    on(document, "resume", () => this.supervisor.order({ order: "enter" }));
    on(window, "online", () => this.supervisor.order({ order: "online", online: true }));
    on(window, "offline", () => this.supervisor.order({ order: "online", online: false }));
  }
}

function startWorker(audited: boolean): Worker {
  return audited
    ? new Worker(new URL("./worker-audited.js", import.meta.url), { type: "module" })
    : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

/** The server's address, if it is valid and secure. */
function checkedUrl(baseUrl: string): string {
  let url: URL;
  try {
    url = new URL(baseUrl, globalThis.location?.href);
  } catch {
    throw new TypeError(`cannot use ${JSON.stringify(baseUrl)} as the server's address: it is not a URL`);
  }
  const loopback = url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d+){3}$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    throw new TypeError(`cannot use ${JSON.stringify(baseUrl)} as the server's address: it must be https, unless it is this machine`);
  }
  return url.href.replace(/\/+$/, "");
}
