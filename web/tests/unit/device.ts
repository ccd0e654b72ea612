// A device for tests: the wasm engine in Node with an in-memory Dexie, against a server that is a function.

import { readFileSync } from "node:fs";
import type { StoreVersions } from "../../../generated/typescript/runtime/collection.js";
import type { StrongLogDatabase, SyncStatus } from "../../src/api.js";
import { makeDatabase } from "../../src/database.js";
import { Host } from "../../src/host.js";
import { newId } from "../../src/id.js";
import { watchWrites } from "../../src/writes.js";
import { namespace } from "./contract.js";
import { initSync } from "../../engine/pkg/engine.js";

initSync({ module: readFileSync(new URL("../../engine/pkg/engine_bg.wasm", import.meta.url)) });

/** The account that signs in, and another one. */
export const ACCOUNT = "01890000-0000-7000-8000-000000000001";
export const OTHER = "01890000-0000-7000-8000-000000000002";

interface Stored {
  readonly collection: string;
  readonly rev: number;
  readonly op: { readonly id: string; readonly deviceId: string; readonly seq: number };
  readonly record: Record<string, unknown>;
}

/** A server with one account that accepts the last write, unless a test decides otherwise. */
export class MockServer {
  readonly records = new Map<string, Stored>();
  readonly requests: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  rev = 0;
  /** Another value means that the server was restored. */
  epoch = "e1";
  /** The revision up to which deletions were purged. */
  purged = 0;
  /** Whether responses name their account, as those of servers since contract 1.1 do. */
  namesAccount = false;
  /** Responds in place of the server, if it returns a response. */
  intercept: ((path: string, body: unknown) => Response | Promise<Response> | undefined) | undefined;
  /** Decides the outcome of an edit; undefined accepts it. */
  decide: ((change: Stored) => object | undefined) | undefined;

  /** Adds a change by another device. */
  add(collection: string, record: Record<string, unknown>, seq = 1): Stored {
    this.rev += 1;
    const op = { id: newId(), deviceId: "01890000-0000-7000-8000-0000000000aa", seq };
    const serverId = "01890000-0000-7000-8000-0000000000bb";
    const stored: Stored = { collection, rev: this.rev, op, record: { ...record, serverId, serverUpdatedAt: Date.now() } };
    this.records.set(`${collection}/${record["id"] as string}`, stored);
    return stored;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const body: unknown = init?.body ? JSON.parse(new TextDecoder().decode(init.body as Uint8Array<ArrayBuffer>)) : undefined;
    this.requests.push({ method: init?.method ?? "GET", path: url.pathname, body });
    const answer = await this.intercept?.(url.pathname, body);
    if (answer !== undefined) {
      return answer;
    }
    switch (url.pathname) {
      case "/api/v1/auth/login":
      case "/api/v1/auth/refresh":
        return tokensOf(ACCOUNT);
      case "/api/v1/auth/logout":
        return new Response(null, { status: 204 });
      case "/api/v1/changes":
        if ((url.searchParams.get("since")?.split(".")[2]?.split("_")[0] ?? this.epoch) !== this.epoch) {
          return json({ type: "about:blank", title: "Gone", status: 410, code: "epoch_changed", retryable: false, restoredRev: this.rev }, 410);
        }
        return json(this.page(url.searchParams.get("since"), Number(url.searchParams.get("limit"))), 200, this.named());
      case "/api/v1/changes/batch":
        return json(this.push((body as { changes: Stored[] }).changes), 200, this.named());
      default:
        return new Response("not here", { status: 404 });
    }
  };

  private named(): Record<string, string> {
    return this.namesAccount ? { "X-Account": ACCOUNT } : {};
  }

  private page(since: string | null, limit: number): object {
    const from = Number(since?.split(".").at(-1) ?? 0);
    const changes = [...this.records.values()].filter((change) => change.rev > from).sort((one, other) => one.rev - other.rev);
    const hasMore = changes.length > limit;
    const sent = changes.slice(0, limit);
    const last = hasMore ? (sent.at(-1)?.rev ?? from) : this.rev;
    const epoch = from === 0 && this.purged > 0 ? `${this.epoch}_${this.purged}` : this.epoch;
    return { changes: sent, nextCursor: `v1.all.${epoch}.${last}`, hasMore, userRev: this.rev, serverTime: Date.now() };
  }

  private push(changes: readonly Stored[]): object {
    const prevUserRev = this.rev;
    const outcomes = changes.map((change) => {
      const decided = this.decide?.(change);
      if (decided !== undefined) {
        return decided;
      }
      this.rev += 1;
      const { collection, op, record } = change;
      const [id, clientUpdatedAt] = [record["id"] as string, record["clientUpdatedAt"] as number];
      const server = { serverId: "01890000-0000-7000-8000-0000000000bb", serverUpdatedAt: Date.now() };
      this.records.set(`${collection}/${id}`, { collection, rev: this.rev, op, record: { ...record, ...server } });
      return { id, op, outcome: "accepted", rev: this.rev, ...server, clientUpdatedAt };
    });
    return { outcomes, prevUserRev, userRev: this.rev, serverTime: Date.now() };
  }
}

/** A bodyweight as another device pushed it. */
export const remote = (id: string, extra: object): Record<string, unknown> => ({
  id,
  clientCreatedAt: 1_000,
  clientUpdatedAt: 1_000,
  isDeleted: false,
  date: 1_700_000_000_000,
  weightKg: 80,
  ...extra,
});

/** The answer to a sign-in. */
export function tokensOf(userId: string): Response {
  return json({ accessToken: "a.b.c", refreshToken: newId() + newId(), tokenType: "Bearer", expiresInSecs: 900, userId });
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}

/** A device of one tab. */
export class Device {
  status: SyncStatus | undefined;
  /** Called when the host cannot continue. */
  stopped: (reason: unknown) => void = (reason) => {
    throw reason instanceof Error ? reason : new Error(String(reason));
  };

  private constructor(
    readonly db: StrongLogDatabase,
    readonly host: Host,
  ) {}

  static async open(server: MockServer, name: string = newId(), baseUrl = "https://sync.example", stores?: StoreVersions): Promise<Device> {
    const contract = stores === undefined ? undefined : { namespace, stores, json: "" };
    const database = makeDatabase(name, contract);
    let device: Device | undefined;
    const settings = { tab: newId(), life: newId(), name, baseUrl, validateWithZod: false, pollMs: undefined, contract };
    const host = await Host.open(settings, {
      fetch: server.fetch,
      report: ({ tab, ...status }) => {
        if (device !== undefined) {
          device.status = { ...status, leader: tab === settings.tab, persisted: false };
        }
      },
      stopped: (reason) => device?.stopped(reason),
      notice: null,
    });
    watchWrites(database, () => host.written());
    device = new Device(database as unknown as StrongLogDatabase, host);
    host.repeatStatus();
    return device;
  }

  async signIn(): Promise<void> {
    await this.host.call("signIn", [{ email: "ana@example.com", password: "correct horse battery staple" }]);
  }

  async sync(): Promise<SyncStatus> {
    await this.host.call("syncNow", []);
    if (this.status === undefined) {
      throw new Error("the device has reported no status");
    }
    return this.status;
  }

  close(): void {
    this.host.close();
    this.db.close();
  }
}
