// Sign-ins, sessions that end, and the account's data: the engine with an in-memory Dexie and a mocked server.

import { Dexie } from "dexie";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, Device, MockServer, OTHER, json, remote, tokensOf } from "./device.js";
import { newId } from "../../src/id.js";
import { platformOf } from "../../src/platform.js";

let server: MockServer;
let device: Device;

beforeEach(async () => {
  server = new MockServer();
  device = await Device.open(server);
});

afterEach(() => device.close());

describe("sign-ins that meet", () => {
  /** Responds to requests for this path when the test allows it. */
  const held = (ending: string, answer: (body: unknown) => Response): (() => void) => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    server.intercept = (path, body) => (path.endsWith(ending) ? released.then(() => answer(body)) : undefined);
    return () => release();
  };

  test("of two accounts at once, the first owns the database and the second is rejected", async () => {
    server.intercept = (path, body) =>
      path.endsWith("/login") ? tokensOf((body as { email: string }).email === "ben@example.com" ? OTHER : ACCOUNT) : undefined;
    const password = "correct horse battery staple";
    const both = ["ana@example.com", "ben@example.com"].map((email) => device.host.call("signIn", [{ email, password }]));
    const [first, second] = await Promise.allSettled(both);
    expect(first?.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("belongs to the account that signed in first") as string } });
    expect(await device.sync()).toMatchObject({ state: "idle", account: ACCOUNT });
  });

  test("a sign-out while a sign-in waits has the last word", async () => {
    const release = held("/login", () => tokensOf(ACCOUNT));
    const signedIn = device.signIn();
    signedIn.catch(() => undefined);
    await expect.poll(() => server.requests.some(({ path }) => path.endsWith("/login"))).toBe(true);
    await device.host.call("signOut", []);
    release();
    await expect(signedIn).rejects.toThrow("signed out in the meantime");
    expect(device.status).toMatchObject({ state: "off", account: null });
    expect(server.requests.at(-1)?.path).toBe("/api/v1/auth/logout");
  });

  test("a refresh that was asked for before a sign-out or a sign-in changes nothing after it", async () => {
    for (const [outcome, answer] of [
      ["granted", () => tokensOf(ACCOUNT)],
      ["denied", () => json(SESSION_ENDED, 401)],
    ] as const) {
      for (const isOut of [true, false]) {
        await device.signIn();
        await device.sync();
        const release = held("/refresh", answer);
        const { intercept } = server;
        let expired = true;
        server.intercept = (path, body) => {
          if (path === "/api/v1/changes" && expired) {
            expired = false;
            return json({ ...SESSION_ENDED, code: "token_expired" }, 401);
          }
          return intercept?.(path, body);
        };
        const asked = server.requests.length;
        const synced = device.sync();
        await expect.poll(() => server.requests.slice(asked).some(({ path }) => path.endsWith("/refresh"))).toBe(true);
        await (isOut ? device.host.call("signOut", []) : device.signIn());
        release();
        await synced;
        const name = `${outcome}, then a ${isOut ? "sign-out" : "sign-in"}`;
        const tokens = (await device.db.table("_device").get("tokens")) as object | undefined;
        expect(tokens === undefined, name).toBe(isOut);
        expect(await device.sync(), name).toMatchObject(isOut ? { state: "off", account: null } : { state: "idle", account: ACCOUNT });
        server.intercept = undefined;
      }
    }
  });
});

/** The server's response once a session has ended. */
const SESSION_ENDED = { type: "about:blank", title: "Unauthorized", status: 401, code: "token_revoked", retryable: false };

describe("nothing waits in silence", () => {
  test("a sync that only the user can let go on ends at once, and says which act it needs", async () => {
    for (let index = 0; index < 120; index += 1) {
      server.add("user-bodyweight-logs", remote(newId(), { date: index }));
    }
    await device.signIn();
    await device.sync();
    // The server was restored from a backup. Another device may have deleted them before: the server would have purged the deletions, the
    // last of which this device has not seen.
    server.records.clear();
    server.epoch = "e2";
    server.rev += 1;
    server.purged = server.rev;
    expect(await device.sync()).toMatchObject({ state: "needsConfirmation", toBeDeleted: 120 });
    await device.db.workoutTemplates.add({ name: "meanwhile" });
    expect(await device.sync()).toMatchObject({ state: "needsConfirmation", pending: 1 });
    await device.host.call("confirmDeletions", ["delete"]);
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 0 });
    expect(await device.db.userBodyweightLogs.count()).toBe(0);
  });

  test("records that a restored server has lost, and that nobody can have deleted, are sent again", async () => {
    server.namesAccount = true;
    for (let index = 0; index < 120; index += 1) {
      server.add("user-bodyweight-logs", remote(newId(), { date: index }));
    }
    await device.signIn();
    await device.sync();
    server.records.clear();
    server.epoch = "e2";
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 0, toBeDeleted: 0 });
    expect(await device.db.userBodyweightLogs.count()).toBe(120);
    expect(server.records.size).toBe(120);
  });

  test("records of other devices are not sent to a server that does not say whose they are, without an answer", async () => {
    for (let index = 0; index < 120; index += 1) {
      server.add("user-bodyweight-logs", remote(newId(), { date: index }));
    }
    await device.signIn();
    await device.sync();
    server.records.clear();
    server.epoch = "e2";
    expect(await device.sync()).toMatchObject({ state: "needsConfirmation", toBeDeleted: 120 });
    expect(server.records.size).toBe(0);
  });

  test("tokens go to the server that gave them, and to no other one", async () => {
    await device.signIn();
    await device.sync();
    device.close();
    const elsewhere = new MockServer();
    const moved = await Device.open(elsewhere, device.db.name, "https://staging.example");
    await moved.db.workoutTemplates.add({ name: "Push day" });
    expect(await moved.sync()).toMatchObject({ state: "needsAuth", account: null, pending: 1 });
    expect(elsewhere.requests).toEqual([]);
    moved.close();
    device = await Device.open(server, device.db.name);
    expect(await device.sync()).toMatchObject({ state: "idle", account: ACCOUNT, pending: 0 });
  });

  test("a pause outlives the app", async () => {
    await device.signIn();
    await device.sync();
    await device.db.table("_device").put({ name: "paused", value: true });
    device.host.close();
    const again = await Device.open(server, device.db.name);
    const sent = server.requests.length;
    await again.db.workoutTemplates.add({ name: "offline" });
    expect(await again.sync()).toMatchObject({ state: "paused", pending: 1 });
    expect(server.requests.length).toBe(sent);
    again.host.pause(false);
    expect(await again.sync()).toMatchObject({ state: "idle", pending: 0 });
    again.close();
  });

  test("change notifications that break are noticed at once", async () => {
    let breakStream: ((error: Error) => void) | undefined;
    server.intercept = (path) => {
      if (!path.endsWith("/changes/stream")) {
        return undefined;
      }
      return new Response(new ReadableStream({ start: (stream) => void (breakStream = (error) => stream.error(error)) }));
    };
    await device.signIn();
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
    await expect.poll(() => breakStream).toBeDefined();
    server.intercept = () => {
      throw new TypeError("connection refused");
    };
    breakStream?.(new TypeError("connection reset"));
    await expect.poll(() => device.status).toMatchObject({ state: "offline" });
  });

  test("change notifications that never end are not read for ever", async () => {
    let sent = 0;
    server.intercept = (path) => {
      if (!path.endsWith("/changes/stream")) {
        return undefined;
      }
      return new Response(
        new ReadableStream<Uint8Array>({
          pull: (stream) => {
            sent += 1;
            stream.enqueue(new Uint8Array(16_384).fill(0x78));
          },
        }),
      );
    };
    await device.signIn();
    await expect.poll(() => sent).toBeGreaterThan(3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(20);
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
  });

  test("a session that was ended elsewhere asks for a sign-in, even if only the change notifications meet it", async () => {
    let ended = false;
    server.intercept = (path) => {
      ended ||= path.endsWith("/changes/stream");
      return ended ? json(SESSION_ENDED, 401) : undefined;
    };
    await device.signIn();
    await expect.poll(() => device.status).toMatchObject({ state: "needsAuth", account: null });
  });

  test("a session that was ended elsewhere still asks for a sign-in after a reload, until the user ends it", async () => {
    await device.signIn();
    await device.sync();
    server.intercept = () => json(SESSION_ENDED, 401);
    await device.sync();
    const reopen = async (): Promise<void> => {
      device.close();
      device = await Device.open(server, device.db.name);
    };
    await reopen();
    await expect.poll(() => device.status).toMatchObject({ state: "needsAuth", account: null });
    await device.host.call("signOut", []);
    await reopen();
    await expect.poll(() => device.status).toMatchObject({ state: "off", account: null });
  });

  test("a call to a device that has lost the lead is rejected, and does not wait for ever", async () => {
    device.stopped = () => undefined;
    await device.signIn();
    await device.sync();
    const second = await Device.open(server, device.db.name);
    await expect(device.host.call("syncNow", [])).rejects.toMatchObject({ name: "LeadershipLost" });
    second.close();
  });

  test("a database that was emptied while it was open is reported as such", async () => {
    const reasons: unknown[] = [];
    device.stopped = (reason) => reasons.push(reason);
    await device.signIn();
    await Dexie.delete(device.db.name);
    await expect(device.host.call("syncNow", [])).rejects.toThrow("storage was cleared");
    await expect.poll(() => reasons).toMatchObject([{ name: "LeadershipLost", notice: expect.stringContaining("storage was cleared") as string }]);
  });
});

describe("the account", () => {
  const DEVICE = { id: newId(), platform: "Firefox on Android", signedInAt: 1, lastSeenAt: 2, isCurrent: false };

  test("devices are listed, renamed and revoked, and a recovery code is made and used", async () => {
    await expect(device.host.call("devices", [])).rejects.toThrow("cannot list the devices: nobody is signed in");
    await device.signIn();
    server.intercept = (path) =>
      path === "/api/v1/account/devices"
        ? json({ devices: [DEVICE] })
        : path === "/api/v1/account/recovery-code"
          ? json({ recoveryCode: "7HXQ2-M9TRA-0VKD4-WB3EC" })
          : path.startsWith("/api/v1/a")
            ? new Response(null, { status: 204 })
            : undefined;
    expect(await device.host.call("devices", [])).toEqual([DEVICE]);
    await device.host.call("renameDevice", [DEVICE.id, "old phone"]);
    await device.host.call("revokeDevice", [DEVICE.id]);
    expect(await device.host.call("makeRecoveryCode", ["correct horse"])).toBe("7HXQ2-M9TRA-0VKD4-WB3EC");
    await device.host.call("recover", [{ email: "ana@example.com", recoveryCode: "7HXQ2", newPassword: "squat bench deadlift" }]);
    const path = `/api/v1/account/devices/${DEVICE.id}`;
    expect(server.requests.slice(-5)).toEqual([
      { method: "GET", path: "/api/v1/account/devices", body: undefined },
      { method: "PUT", path, body: { name: "old phone" } },
      { method: "DELETE", path, body: undefined },
      { method: "POST", path: "/api/v1/account/recovery-code", body: { password: "correct horse" } },
      {
        method: "POST",
        path: "/api/v1/auth/recover",
        body: { email: "ana@example.com", recoveryCode: "7HXQ2", newPassword: "squat bench deadlift" },
      },
    ]);
  });

  test("a rejected call says why, and a session that has ended needs a new sign-in", async () => {
    await device.signIn();
    const refused = { type: "about:blank", title: "Not Found", status: 404, code: "not_found", retryable: false, detail: "no such device" };
    server.intercept = (path) => (path.startsWith("/api/v1/account") ? json(refused, 404) : undefined);
    await expect(device.host.call("revokeDevice", [DEVICE.id])).rejects.toThrow("cannot sign out the device: the server responded with 404: no such device");
    server.intercept = () => json(SESSION_ENDED, 401);
    await expect(device.host.call("devices", [])).rejects.toThrow("sign in first");
    expect(await device.sync()).toMatchObject({ state: "needsAuth" });
  });

  test.each(["{}", "null", "[]", "<html>", '{"devices":null,"recoveryCode":5}', '{"devices":[{}]}', '{"devices":[null]}', undefined])("a program that answers %s to everything has done nothing", async (body) => {
    await device.signIn();
    server.intercept = () => new Response(body ?? null, { status: body === undefined ? 204 : 200 });
    const calls = { devices: [], renameDevice: [DEVICE.id, "x"], revokeDevice: [DEVICE.id], makeRecoveryCode: ["correct horse"], recover: [{}] } as const;
    const done = Object.entries(calls).map(([call, given]) => device.host.call(call as keyof typeof calls, given).then(() => call, (error: Error) => error.message));
    const answers = (await Promise.all(done)).map((answer) => answer.replace(/^cannot .*: received status 20\d from something that is not a sync server.*$/u, "refused"));
    // A response without a body is what the contract has for three of the calls.
    expect(answers).toEqual(body === undefined ? ["refused", "renameDevice", "revokeDevice", "refused", "recover"] : Array(5).fill("refused"));
  });

  test("a platform is named as its user knows it", () => {
    expect(platformOf("Mozilla/5.0 (Android 15; Mobile; rv:142.0) Gecko/142.0 Firefox/142.0")).toBe("Firefox on Android");
    expect(platformOf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")).toBe("Chrome on Linux");
    expect(platformOf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15")).toBe(
      "Safari on macOS",
    );
    expect(platformOf("curl/8")).toBe("A browser");
  });
});
