// The app as people use it, by keyboard and mouse, on two devices of one account.

import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { go, goToSync, newDevice, signIn, start, synced, type Setup } from "./setup";

let setup: Setup;
const problems: string[] = [];

beforeAll(async () => {
  setup = await start(300);
});

afterAll(async () => {
  await setup.close();
  expect(problems).toEqual([]);
});

/** Presses Tab until an element with this name has the focus. */
async function tabTo(page: Page, name: RegExp, key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press(key);
    const focused = await page.evaluate(
      () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
    );
    if (name.test(focused)) {
      return;
    }
  }
  throw new Error(`nothing that is called ${name} can be reached by the Tab key`);
}

test("a workout is logged by keyboard alone, without an account, and is there after a reload", async () => {
  const { context, page } = await newDevice(setup, problems);
  await tabTo(page, /^Start a workout$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Workout" }).waitFor();
  await tabTo(page, /^Add an exercise$/);
  await page.keyboard.press("Enter");
  await page.keyboard.type("bench press");
  await page.keyboard.press("Enter");
  await page.getByLabel("Weight of set 1 in kg").waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent === "Add an exercise");
  await tabTo(page, /^Weight of set 1/, "Shift+Tab");
  await page.keyboard.type("82,5");
  await page.keyboard.press("Tab");
  await page.keyboard.type("6");
  await page.keyboard.press("Enter");
  await page.getByText("1 set · 495 kg").waitFor();
  await tabTo(page, /^Add a set of Bench press$/);
  await page.keyboard.press("Enter");
  await page.getByLabel("Weight of set 2 in kg").waitFor();
  expect(await page.getByLabel("Repetitions of set 2").inputValue()).toBe("6");
  await page.getByRole("timer", { name: "Rest" }).waitFor();
  await page.getByRole("button", { name: "Finish" }).click();
  await page.getByRole("button", { name: "Finish" }).waitFor({ state: "detached" });
  await page.reload();
  await page.getByText("2 sets · 990 kg").waitFor();
  expect(await page.getByLabel("Weight of set 1 in kg").inputValue()).toBe("82.5");
  await context.close();
});

test("what cannot be is not stored: the old number comes back", async () => {
  const { context, page } = await newDevice(setup, problems);
  await page.getByRole("button", { name: "Start a workout" }).click();
  await page.getByRole("button", { name: "Add an exercise" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Deadlift", exact: false }).first().click();
  const weight = page.getByLabel("Weight of set 1 in kg");
  await weight.fill("heavy");
  await weight.press("Enter");
  expect(await weight.inputValue()).toBe("20");
  await page.getByRole("status").getByText("Type a weight, such as 102.5.").waitFor();
  await weight.fill("9000");
  await weight.press("Enter");
  await page
    .getByRole("status")
    .getByText("Type a weight, such as 102.5, at most 2,000.")
    .waitFor();
  await page.waitForFunction(
    () => document.querySelector<HTMLInputElement>("input[aria-label^='Weight of set 1']")?.value === "20",
  );
  await go(page, "Body");
  await page.getByRole("button", { name: "Log it" }).click();
  await page.getByText("Type a weight, such as 82.5.").waitFor();
  await context.close();
});

test("a double click on a form's button stores once", async () => {
  const { context, page } = await newDevice(setup, problems);
  await go(page, "Body");
  await page.getByLabel("Weight in kg").fill("80");
  await page.getByRole("button", { name: "Log it" }).dblclick();
  await page.getByRole("heading", { name: "Measurements" }).waitFor();
  await go(page, "Library");
  await page.getByRole("button", { name: "New exercise" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Sled push");
  await page.getByRole("dialog").locator("button[type=submit]").dblclick();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await go(page, "Goals");
  await page.getByRole("button", { name: "New goal" }).click();
  await page.getByRole("dialog").getByLabel("Weight in kg").fill("120");
  await page.getByRole("dialog").locator("button[type=submit]").dblclick();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // A second record would be stored by now.
  await page.reload();
  const shown = async (what: Locator): Promise<number> => what.first().waitFor().then(() => what.count());
  expect(await shown(page.getByRole("button", { name: "Archive" }))).toBe(1);
  await go(page, "Library");
  expect(await shown(page.getByText("Sled push"))).toBe(1);
  await go(page, "Body");
  expect(await shown(page.getByRole("button", { name: /^Delete/ }))).toBe(1);
  await context.close();
});

test("a small phone shows long names and all digits", async () => {
  const { context, page } = await newDevice(setup, problems);
  await page.setViewportSize({ width: 320, height: 568 });
  await page.getByRole("button", { name: "Start a workout" }).click();
  await page.getByLabel("Name").fill("W".repeat(110));
  await page.getByLabel("Name").press("Enter");
  await page.getByRole("heading", { level: 1, name: "WWW" }).waitFor();
  await page.getByRole("button", { name: "Add an exercise" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Bench press" }).first().click();
  await page.getByLabel("Weight of set 1 in kg").fill("102.5");
  await page.getByLabel("Repetitions of set 1").fill("100");
  for (const timed of [false, true]) {
    if (timed) {
      await page.getByLabel("Kind of set 1").selectOption({ label: "AMRAP, timed" });
      await page.getByLabel("Seconds of set 1").fill("3600");
    }
    const cut = await page.evaluate(() => ({
      fields: [...document.querySelectorAll<HTMLInputElement>(".sets input")].filter((field) => field.scrollWidth > field.clientWidth).map(({ value }) => value),
      page: document.documentElement.scrollWidth > innerWidth,
    }));
    expect(cut).toEqual({ fields: [], page: false });
  }
  await context.close();
});

test("a deletion can be undone", async () => {
  const { context, page } = await newDevice(setup, problems);
  await go(page, "Body");
  await page.getByLabel("Weight in kg").fill("80.4");
  await page.getByRole("button", { name: "Log it" }).click();
  const measured = page.getByRole("button", { name: "Delete the measurement of Today" });
  await measured.click();
  await measured.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await measured.waitFor();
  await context.close();
});

test("without a network the page opens, and what is logged is sent later", async () => {
  const { context, page } = await newDevice(setup, problems);
  await signIn(setup, page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await go(page, "Body");
  await page.getByLabel("Weight in kg").fill("79.9");
  await page.getByRole("button", { name: "Log it" }).click();
  await page.getByRole("listitem").filter({ hasText: "79.9 kg" }).first().waitFor();
  await goToSync(page);
  await page.getByText("1 edit waits here").waitFor();
  await context.setOffline(false);
  await synced(page);
  // The browser's message about requests that it could not send.
  problems.splice(0, problems.length, ...problems.filter((problem) => !problem.includes("ERR_INTERNET_DISCONNECTED")));
  await context.close();
});

test("units and colours are settings, and follow the account to the other device", async () => {
  const [one, other] = [await newDevice(setup, problems), await newDevice(setup, problems)];
  await signIn(setup, one.page);
  await signIn(setup, other.page);
  await one.page.getByRole("link", { name: "Settings" }).click();
  await one.page.getByText("Pounds").click();
  await one.page.getByText("Dark", { exact: true }).click();
  await one.page.waitForFunction(() => document.documentElement.dataset["theme"] === "dark");
  await synced(one.page);
  await other.page.waitForFunction(() => document.documentElement.dataset["theme"] === "dark");
  await go(other.page, "Body");
  await other.page.getByLabel("Weight in lb").waitFor();
  await one.page.getByText("Kilograms", { exact: true }).click();
  await one.page.getByText("System", { exact: true }).click();
  await synced(one.page);
  await one.context.close();
  await other.context.close();
});

test("two devices edit one workout offline: the later edit wins, and the other one can be brought back", async () => {
  const [one, other] = [await newDevice(setup, problems), await newDevice(setup, problems)];
  for (const { page } of [one, other]) {
    await signIn(setup, page);
    await page.getByRole("switch", { name: /Work offline/ }).check();
    await page.getByRole("link", { name: "Sync: Offline mode" }).waitFor();
    await go(page, "History");
    await page.locator("main a.item").first().click();
  }
  for (const [{ page }, words] of [
    [one, "Said by the first device."],
    [other, "Said by the second device."],
  ] as const) {
    await page.getByLabel("Notes").fill(words);
    await page.getByLabel("Notes").blur();
    await goToSync(page);
    await page.getByText("1 edit waits here").waitFor();
  }
  await other.page.getByRole("switch", { name: /Work offline/ }).uncheck();
  await synced(other.page);
  await one.page.getByRole("switch", { name: /Work offline/ }).uncheck();
  await synced(one.page);
  const lost = one.page.getByRole("listitem").filter({ hasText: "Said by the first device." });
  await lost.getByText("Lost to a later edit").waitFor();
  await lost.getByRole("button", { name: "Restore" }).click();
  await synced(one.page);
  await go(other.page, "History");
  await other.page.locator("main a.item").first().click();
  await other.page.waitForFunction(() => document.querySelector("textarea")?.value === "Said by the first device.");
  await one.context.close();
  await other.context.close();
});

test("a wrong password is reported in the form, and signing out keeps the log", async () => {
  const { context, page } = await newDevice(setup, problems);
  await goToSync(page);
  await page.getByLabel("Email").fill(setup.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page
    .getByRole("alert")
    .getByText(/password is wrong/)
    .waitFor();
  await page.getByLabel("Password").fill(setup.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await synced(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await go(page, "History");
  await page.locator("main a.item").first().waitFor();
  await context.close();
});

test("a device is renamed", async () => {
  const { context, page } = await newDevice(setup, problems);
  await signIn(setup, page);
  await page.getByRole("button", { name: /^Rename .*\(this one\)$/ }).click();
  const name = page.getByLabel(/^Name of/);
  await name.fill(" ");
  await page.keyboard.press("Enter");
  await page.getByText("The name is missing.").waitFor();
  await name.fill("The phone in the gym");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The phone in the gym (this one)").waitFor();
  await page.reload();
  await page.getByText("The phone in the gym (this one)").waitFor();
  await context.close();
});

test("another account has a log of its own in the same browser, and nothing is created before that", async () => {
  const { context, page } = await newDevice(setup, problems);
  await signIn(setup, page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("New account").click();
  const email = `ben-${Date.now()}@example.com`;
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill("correct horse");
  const sent: string[] = [];
  page.on("request", (request) => sent.push(new URL(request.url()).pathname));
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("button", { name: `Open the log of ${email}` }).click();
  await page.getByText("New account").click();
  expect(sent.filter((path) => path.includes("/auth/"))).toEqual([]);
  expect(await page.getByLabel("Email").inputValue()).toBe(email);
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Make the account" }).click();
  await synced(page);
  await go(page, "History");
  await page.getByText("No workouts yet").waitFor();

  await goToSync(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByLabel("Email").fill(setup.email);
  await page.getByLabel("Password").fill(setup.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: `Open the log of ${setup.email}` }).click();
  await go(page, "History");
  await page.locator("main a.item").first().waitFor();
  await context.close();
});

test("the password rule is the contract's", async () => {
  const { context, page } = await newDevice(setup, problems);
  await goToSync(page);
  await page.getByText("New account").click();
  await page.getByLabel("Email").fill("eve@example.com");
  await page.getByLabel("Password").fill("123456789");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByText(/The password .*10/).waitFor();
  await context.close();
});

test("offline mode lasts across a reload, and sends nothing", async () => {
  const { context, page } = await newDevice(setup, problems);
  await signIn(setup, page);
  await page.getByRole("switch", { name: /Work offline/ }).check();
  await page.getByRole("link", { name: "Sync: Offline mode" }).waitFor();
  await go(page, "Body");
  await page.getByLabel("Weight in kg").fill("79.1");
  await page.getByRole("button", { name: "Log it" }).click();
  await page.getByRole("listitem").filter({ hasText: "79.1 kg" }).first().waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Sync: Offline mode" }).waitFor();
  await goToSync(page);
  await page.getByText("1 edit waits here").waitFor();
  await page.getByRole("switch", { name: /Work offline/ }).uncheck();
  await synced(page);
  await context.close();
});

test("a number that is typed and not stored yet outlives the page", async () => {
  const { context, page } = await newDevice(setup, problems);
  await go(page, "Body");
  await page.getByLabel("Weight in kg").fill("81.3");
  await page.reload();
  expect(await page.getByLabel("Weight in kg").inputValue()).toBe("81.3");
  await page.getByRole("button", { name: "Log it" }).click();
  await page.getByRole("listitem").filter({ hasText: "81.3 kg" }).first().waitFor();
  expect(await page.getByLabel("Weight in kg").inputValue()).toBe("");

  await go(page, "Train");
  await page.getByRole("button", { name: "Start a workout" }).click();
  await page.getByRole("button", { name: "Add an exercise" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Bench press" }).first().click();
  const weight = page.getByLabel("Weight of set 1 in kg");
  await weight.fill("62.5");
  await page.reload();
  await page.waitForFunction(() => Object.keys(localStorage).every((key) => !key.includes(".draft.")));
  await page.reload();
  await page.waitForFunction(
    () => document.querySelector<HTMLInputElement>("input[aria-label^='Weight of set 1']")?.value === "62.5",
  );
  await context.close();
});
