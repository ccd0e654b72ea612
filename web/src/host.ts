// A device that syncs: engine, store and transport together, and the calls of pages answered. Exactly one tab's worker hosts at a time.

import type { BlockedRecord, Credentials, PastVersion, QuarantinedChange } from "./api.js";
import type { LedStatus, Method, Settings } from "./channel.js";
import { makeDatabase, partsOfKey, type OwnTables } from "./database.js";
import { Driver, type EngineStatus } from "./driver.js";
import { DexieStore } from "./store.js";
import { Transport, type Audit } from "./transport.js";
import * as wasm from "../engine/pkg/engine.js";
import type { Dexie } from "dexie";

/** How many past versions are listed if nobody says otherwise. */
const CONFLICTS = 100;

/** What the host does not have by itself. */
export interface Surroundings {
  readonly fetch: typeof fetch;
  readonly audit?: Audit | undefined;
  /** Says how things stand, whenever that changes. */
  readonly report: (status: LedStatus) => void;
  /** The host must not go on. */
  readonly deposed: (reason: unknown) => void;
  /** Whether the browser has promised not to evict the database. */
  readonly persisted: () => Promise<boolean>;
}

export class Host {
  private reported = "";
  private account: string | null = null;
  private storageProblem: string | null = null;
  private persisted = false;
  private last: EngineStatus | undefined;

  private constructor(
    private readonly settings: Settings,
    private readonly surroundings: Surroundings,
    private readonly database: Dexie & OwnTables,
    private readonly store: DexieStore,
    private readonly transport: Transport,
    private readonly driver: Driver,
  ) {}

  /** Opens the database, which this tab alone writes to from now on, and starts to sync. WebAssembly must be there. */
  static async open(settings: Settings, surroundings: Surroundings): Promise<Host> {
    const database = makeDatabase(settings.name);
    const store = new DexieStore(database, settings.tab);
    const state = await store.open();
    const engine = new wasm.SyncEngine(settings.baseUrl, settings.pollMs, state.meta, state.counts);
    const transport = new Transport(settings.baseUrl, database._device, surroundings.fetch, surroundings.audit);
    const driver: Driver = new Driver(engine, store, transport, {
      status: (status) => host.takeStatus(status),
      storage: (problem) => host.takeStorage(problem),
      deposed: surroundings.deposed,
    });
    const host: Host = new Host(settings, surroundings, database, store, transport, driver);
    await host.begin(JSON.parse(state.meta) as { contract: string });
    return host;
  }

  /** The app has written. */
  written(): void {
    void this.driver.written();
  }

  online(online: boolean): void {
    this.driver.happened({ online });
  }

  /** Says how things stand again, to somebody who has just come. */
  repeat(): void {
    this.reported = "";
    if (this.last !== undefined) {
      this.takeStatus(this.last);
    }
  }

  close(): void {
    this.driver.stop();
    this.database.close();
  }

  /** Answers a call of a page. */
  call(method: Method, given: readonly unknown[]): Promise<unknown> {
    const [first, second] = given as [never, never];
    switch (method) {
      case "signUp":
      case "signIn":
        return this.signIn(method, first);
      case "signOut":
        return this.signOut();
      case "enable":
      case "disable":
        return this.driver.run({ enable: method === "enable" });
      case "syncNow":
        return this.driver.syncNow();
      case "pause":
      case "resume":
        return Promise.resolve(this.driver.happened(method));
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
      case "conflicts":
        return this.conflicts(first);
      case "restore":
        return this.store.restore(first).then(() => this.driver.written());
    }
  }

  private async begin(meta: { readonly contract: string }): Promise<void> {
    this.account = (await this.transport.tokens())?.account ?? null;
    this.persisted = await this.surroundings.persisted();
    if (meta.contract !== wasm.contractVersion()) {
      await this.rereadQuarantine();
    }
    await this.driver.start();
  }

  /** What was quarantined is tried again with each new version of the contract (R16). */
  private async rereadQuarantine(): Promise<void> {
    for (const { raw } of await this.database._aside.toArray()) {
      await this.driver.run({ reread: raw });
    }
    await this.driver.run("current");
  }

  /** The first sign-in claims the database; another account is refused (R15). */
  private async signIn(how: "signIn" | "signUp", { email, password }: Credentials): Promise<void> {
    const tokens = await this.transport.signIn(how, { email, password });
    const meta = (await this.database._device.get("meta"))?.value as string;
    const { owner } = JSON.parse(meta) as { owner: string | null };
    if (owner !== null && owner !== tokens.account) {
      throw new Error(
        `cannot sign in to the account ${tokens.account}: the database ${JSON.stringify(this.settings.name)} belongs to the account ` +
          `${owner}; give the other account a database of its own, by another name in createSync`,
      );
    }
    if (owner === null) {
      await this.driver.run({ claim: tokens.account });
    }
    await this.transport.keep(tokens);
    this.account = tokens.account;
    this.persisted = await this.surroundings.persisted();
    this.driver.happened({ signedIn: tokens.account });
  }

  /** Tokens are forgotten even if the server cannot be told: they run out by themselves then. */
  private async signOut(): Promise<void> {
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
    const refused = await this.database._notes.filter((note) => note.refused !== undefined).toArray();
    const ofRows = rows.map((row) => {
      const [code = "", message = ""] = wasm.blockOf(row.info);
      return { ...named(row.key), record: JSON.parse(row.text) as unknown, code, message, since: row.blocked ?? 0 };
    });
    const ofNotes = refused.map(async ({ key, refused }) => {
      const { table, id } = partsOfKey(key);
      const record: unknown = await this.database.table(table).get(id);
      return { ...named(key), record, code: "invalid_record", message: refused?.problem ?? "", since: refused?.at ?? 0 };
    });
    return [...ofRows, ...(await Promise.all(ofNotes))];
  }

  private async retry(key: string): Promise<void> {
    const note = await this.database._notes.get(key);
    if (note?.refused === undefined) {
      await this.driver.run({ retry: key });
    } else {
      await this.database._notes.put({ key, shipped: note.shipped, at: note.refused.at });
      await this.driver.written();
    }
  }

  private async discard(key: string): Promise<void> {
    const note = await this.database._notes.get(key);
    await (note?.refused === undefined ? this.driver.run({ discard: key }) : this.store.discardNote(key));
  }

  private async quarantine(): Promise<QuarantinedChange[]> {
    const asides = await this.database._aside.toArray();
    return asides.map(({ collection, id, raw, reason, at }) => ({ collection, id, raw, reason, at }));
  }

  private async conflicts(limit: number = CONFLICTS): Promise<PastVersion[]> {
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
    const { account, persisted, storageProblem } = this;
    const led: LedStatus = { ...status, account, persisted, storageProblem, tab: this.settings.tab };
    const text = JSON.stringify({ ...led, nextAttemptInMs: null });
    if (text !== this.reported) {
      this.reported = text;
      this.surroundings.report(led);
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

  /** A refresh that was refused has forgotten the tokens. */
  private async lookForTokens(): Promise<void> {
    if ((await this.transport.tokens()) === undefined && this.account !== null) {
      this.account = null;
      this.repeat();
    }
  }
}

function named(key: string): Pick<BlockedRecord, "collection" | "id"> {
  const { path, id } = partsOfKey(key);
  return { collection: path as BlockedRecord["collection"], id };
}
