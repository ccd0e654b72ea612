// A syncing device: combines the engine, the store and the transport, and answers the calls of pages. Only one tab's worker hosts it at a
// time.

import type { DeviceList, RecoveryCode } from "../../generated/typescript/types.js";
import type { BlockedRecord, Credentials, EngineStatus, PastVersion, QuarantinedChange } from "./api.js";
import { OPERATIONS, type StoredInfo, type StoredMeta, type UserRequest } from "./border.js";
import type { LeaderStatus, Method, Settings } from "./channel.js";
import { makeDatabase, opened, partsOfKey, PAUSED, type Database } from "./database.js";
import { Driver } from "./driver.js";
import { DexieStore } from "./store.js";
import { isNothing, Transport, type AccountOperation, type Audit } from "./transport.js";
import * as wasm from "../engine/pkg/engine.js";

/** The delay before a database that was closed externally is opened again. */
const CHECK_MS = 200;

/** The dependencies of the host. */
export interface HostEnvironment {
  readonly fetch: typeof fetch;
  readonly audit?: Audit | undefined;
  /** Receives the status whenever it changes. */
  readonly report: (status: LeaderStatus) => void;
  /** Called when the host cannot continue. */
  readonly stopped: (reason: unknown) => void;
  /** A message about the previous host for the user. */
  readonly notice: string | null;
}

export class Host {
  private closed = false;
  private reported = "";
  private account: string | null = null;
  private storageProblem: string | null = null;
  private notice: string | null;
  private last: EngineStatus | undefined;
  /** The sign-ins, which take turns. Never rejects. */
  private signIns: Promise<unknown> = Promise.resolve();
  private signOuts = 0;

  private constructor(
    private readonly settings: Settings,
    private readonly environment: HostEnvironment,
    private readonly database: Database,
    private readonly store: DexieStore,
    private readonly transport: Transport,
    private readonly driver: Driver,
  ) {
    this.notice = environment.notice;
  }

  /** Opens the database, makes this tab its only writer, and starts to sync. The WebAssembly must be loaded. */
  static async open(settings: Settings, environment: HostEnvironment): Promise<Host> {
    const database = makeDatabase(settings.name, settings.contract);
    const store = new DexieStore(database, settings.tab);
    const state = await opened(database).then(() => store.open()).catch((error: unknown) => {
      database.close();
      throw error;
    });
    const engine = new wasm.SyncEngine(settings.baseUrl, settings.pollMs, state.meta, state.counts);
    const transport = new Transport(settings.baseUrl, database._device, environment.fetch, environment.audit);
    const driver: Driver = new Driver(engine, store, transport, {
      status: (status) => host.takeStatus(status),
      storage: (problem) => host.takeStorage(problem),
      stopped: environment.stopped,
    });
    const host: Host = new Host(settings, environment, database, store, transport, driver);
    // Another page deletes the database, or the browser has closed it: the next step finds out what is left.
    database.on("versionchange", () => host.checkSoon());
    database.on("close", () => host.checkSoon());
    await host.begin(JSON.parse(state.meta) as StoredMeta);
    return host;
  }

  /** The app has written. Its page already counts the write, and gets the exact count even if it did not change. */
  written(): void {
    void this.driver.written().then(() => this.repeatStatus());
  }

  online(online: boolean): void {
    this.driver.happened({ online });
  }

  /** The app has paused or resumed sync. */
  pause(paused: boolean): void {
    this.driver.happened(paused ? "pause" : "resume");
  }

  /** Reports the status again, for a page that was just opened. */
  repeatStatus(): void {
    this.reported = "";
    if (this.last !== undefined) {
      this.takeStatus(this.last);
    }
  }

  close(): void {
    this.closed = true;
    this.driver.stop();
    this.database.close();
  }

  /** Answers a call of a page. */
  call(method: Method, given: readonly unknown[]): Promise<unknown> {
    const [first, second] = given as [never, never];
    switch (method) {
      case "signUp":
      case "signIn":
        return this.inTurn(() => this.signIn(method, first));
      case "signOut":
        return this.signOut();
      case "enable":
      case "disable":
        return this.driver.run({ enable: method === "enable" });
      case "syncNow":
        return this.driver.syncNow();
      case "confirmDeletions":
        return this.driver.run(first);
      case "blocked":
        return this.blocked();
      case "retry":
        return this.retry(`${first as string}/${second as string}`);
      case "discard":
        return this.discard(`${first as string}/${second as string}`);
      case "quarantine":
        return this.quarantine();
      case "devices":
      case "renameDevice":
      case "revokeDevice":
      case "makeRecoveryCode":
        return this.callAccount(method, first, second);
      case "recover":
        return this.transport.recover(first);
      case "conflicts":
        return this.conflicts(first);
      case "restore":
        return this.store.restore(first).then(() => this.driver.written());
    }
  }

  private async callAccount(method: "devices" | "renameDevice" | "revokeDevice" | "makeRecoveryCode", first: string, name: string): Promise<unknown> {
    const { listDevices, renameDevice, revokeDevice, makeRecoveryCode } = OPERATIONS;
    switch (method) {
      case "devices":
        return (await this.transport.callAccount("list the devices", listDevices, isDeviceList)).devices;
      case "renameDevice":
        return this.transport.callAccount("rename the device", ofDevice(renameDevice, first), isNothing, { name });
      case "revokeDevice":
        return this.transport.callAccount("sign out the device", ofDevice(revokeDevice, first), isNothing);
      case "makeRecoveryCode":
        return (await this.transport.callAccount("create a recovery code", makeRecoveryCode, isRecoveryCode, { password: first })).recoveryCode;
    }
  }

  private async begin(meta: StoredMeta): Promise<void> {
    this.account = (await this.transport.tokens())?.account ?? null;
    if ((await this.database._device.get(PAUSED))?.value === true) {
      this.pause(true);
    }
    await this.store.repair(wasm.contractVersion());
    if (meta.contract !== wasm.contractVersion()) {
      await this.rereadQuarantine();
    }
    await this.driver.start();
  }

  /** Quarantined changes are read again after each update of the contract (R16). */
  private async rereadQuarantine(): Promise<void> {
    for (const { raw } of await this.database._quarantine.toArray()) {
      await this.driver.run({ reread: raw });
    }
    await this.driver.run("current");
  }

  /** Two concurrent sign-ins could both find no owner. */
  private inTurn<T>(signIn: () => Promise<T>): Promise<T> {
    const turn = this.signIns.then(signIn);
    this.signIns = turn.catch(() => undefined);
    return turn;
  }

  /** The first sign-in claims the database. Another account is rejected (R15), and no account is created for it. */
  private async signIn(how: "signIn" | "signUp", { email, password }: Credentials): Promise<void> {
    const doing = how === "signUp" ? "create the account" : "sign in";
    if (how === "signUp" && (await this.store.owner()) !== null) {
      throw new Error(`cannot ${doing}: ${this.ownedByAnother()}`);
    }
    const { signOuts } = this;
    const tokens = await this.transport.signIn(how, { email, password });
    const problem = this.signOuts === signOuts ? await this.claim(tokens.account) : "the user has signed out in the meantime";
    if (problem !== undefined) {
      // The new session is not used. If the server cannot be reached, the session expires.
      await this.transport.signOut(tokens).catch(() => undefined);
      throw new Error(`cannot ${doing}: ${problem}`);
    }
    const before = await this.transport.tokens();
    await this.transport.keep(tokens);
    this.account = tokens.account;
    this.notice = null;
    this.driver.happened({ signedIn: tokens.account });
    if (before !== undefined) {
      // A device has one session. If the server cannot be reached, the previous one expires.
      await this.transport.signOut(before).catch(() => undefined);
    }
  }

  /** Claims the database for an account. Returns why it cannot: the engine leaves a database to its owner. */
  private async claim(account: string): Promise<string | undefined> {
    await this.driver.run({ claim: account });
    return (await this.store.owner()) === account ? undefined : this.ownedByAnother();
  }

  private ownedByAnother(): string {
    const name = JSON.stringify(this.settings.name);
    return `the database ${name} belongs to the account that signed in first; sign in to that account, or give createSync another name for this one`;
  }

  /** The tokens are deleted even if the server cannot be reached: they then expire. */
  private async signOut(): Promise<void> {
    this.signOuts += 1;
    const tokens = await this.transport.tokens();
    await this.transport.keep(undefined);
    this.account = null;
    this.driver.happened("signedOut");
    if (tokens !== undefined) {
      await this.transport.signOut(tokens).catch(() => undefined);
    }
  }

  private async blocked(): Promise<BlockedRecord[]> {
    const rows = await this.database._rows.orderBy("blocked").toArray();
    const refused = await this.database._pendingWrites.filter((write) => write.refused !== undefined && this.store.isKnown(write)).toArray();
    const ofRows = rows.map((row) => {
      const { code = "", message: reason = "", violations } = (JSON.parse(row.info) as StoredInfo).block ?? {};
      const found = (violations ?? []).map(({ pointer, message }) => `${pointer || "the record"} ${message}`);
      const message = found.length === 0 ? reason : `${reason}: ${found.join("; ")}`;
      return { ...named(row.key), record: JSON.parse(row.text) as unknown, code, message, since: row.blocked ?? 0 };
    });
    const ofWrites = refused.map(async ({ key, refused }) => {
      const { table, id } = partsOfKey(key);
      const record: unknown = await this.database.table(table).get(id);
      return { ...named(key), record, code: "invalid_record", message: refused?.problem ?? "", since: refused?.at ?? 0 };
    });
    return [...ofRows, ...(await Promise.all(ofWrites))];
  }

  private async retry(key: string): Promise<void> {
    const write = await this.database._pendingWrites.get(key);
    if (write?.refused === undefined) {
      await this.runBlocked(key, { retry: key });
    } else {
      await this.database._pendingWrites.put({ key, shipped: write.shipped, at: write.refused.at });
      await this.driver.written();
    }
  }

  private async discard(key: string): Promise<void> {
    const write = await this.database._pendingWrites.get(key);
    await (write?.refused === undefined ? this.runBlocked(key, { discard: key }) : this.store.discardWrite(key));
  }

  private async runBlocked(key: string, task: UserRequest): Promise<void> {
    if ((await this.database._rows.get(key))?.blocked === undefined) {
      throw new Error(`${key} has no rejected edit; blocked() lists those that have one`);
    }
    await this.driver.run(task);
  }

  private async quarantine(): Promise<QuarantinedChange[]> {
    const changes = await this.database._quarantine.toArray();
    return changes.map(({ collection, id, raw, reason, at }) => ({ collection, id, raw, reason, at }));
  }

  private async conflicts(limit: number): Promise<PastVersion[]> {
    const versions = await this.database._history.reverse().limit(limit).toArray();
    return versions.map(({ number = 0, collection, text, why, at }) => ({
      number,
      collection: collection as PastVersion["collection"],
      record: JSON.parse(text) as PastVersion["record"],
      why,
      at,
    }));
  }

  private takeStatus(status: EngineStatus): void {
    this.last = status;
    if (status.state === "needsAuth" && this.account !== null) {
      void this.lookForTokens();
    }
    const { account, notice, storageProblem } = this;
    const { unknown: unknownCollections, waiting } = this.store;
    const pending = status.pending + waiting;
    const full: LeaderStatus = { ...status, pending, unknownCollections, account, storageProblem: storageProblem ?? notice, tab: this.settings.tab };
    // The time to the next attempt changes all the time, so only its presence is compared.
    const text = JSON.stringify({ ...full, nextAttemptInMs: status.nextAttemptInMs !== null });
    if (text !== this.reported) {
      this.reported = text;
      this.environment.report(full);
    }
  }

  private takeStorage(problem: string | null): void {
    if (problem !== this.storageProblem) {
      this.storageProblem = problem;
      if (this.last !== undefined) {
        this.takeStatus(this.last);
      }
    }
  }

  /** Checks the database again after whoever closed it has finished. */
  private checkSoon(): void {
    setTimeout(() => {
      if (!this.closed) {
        this.written();
      }
    }, CHECK_MS);
  }

  /** A rejected refresh has deleted the tokens. */
  private async lookForTokens(): Promise<void> {
    if ((await this.transport.tokens()) === undefined && this.account !== null) {
      this.account = null;
      this.repeatStatus();
    }
  }
}

/** The required members of a list of devices, with their types. */
function isDeviceList(body: unknown): body is DeviceList {
  const devices = (body as Partial<DeviceList> | null | undefined)?.devices as unknown;
  const members = { id: "string", signedInAt: "number", lastSeenAt: "number", isCurrent: "boolean" };
  const isDevice = (device: Readonly<Record<string, unknown>> | null): boolean =>
    device !== null && Object.entries(members).every(([name, type]) => typeof device[name] === type);
  return Array.isArray(devices) && devices.every(isDevice);
}

function isRecoveryCode(body: unknown): body is RecoveryCode {
  return typeof (body as Partial<RecoveryCode> | null | undefined)?.recoveryCode === "string";
}

/** The operation on one device. */
function ofDevice(operation: AccountOperation, id: string): AccountOperation {
  return { ...operation, path: operation.path.replace("{id}", encodeURIComponent(id)) };
}

function named(key: string): Pick<BlockedRecord, "collection" | "id"> {
  const { path, id } = partsOfKey(key);
  return { collection: path as BlockedRecord["collection"], id };
}
