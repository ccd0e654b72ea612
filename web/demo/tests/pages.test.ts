// Every page, light and dark, wide and narrow: no serious finding of axe-core, nothing too wide, and a screenshot in target/demo/.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { go, goToSync, newDevice, signIn, start, type Setup } from "./setup";

const PICTURES = fileURLToPath(new URL("../../../target/demo/", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const SCHEMES = ["light", "dark"] as const;
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 320, height: 640 } };

let setup: Setup;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  setup = await start(2_000);
});

afterAll(() => setup.close());

/** Checks the current page in all color schemes and widths, and takes screenshots. */
async function check(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // The colors have changed once they are painted.
      await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted, 100))));
      await page.screenshot({ path: `${PICTURES}${name}-${size}-${colorScheme}.png` });
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResults>("axe.run()");
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const findings = serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      found.push(
        ...[...findings, ...(over > 0 ? [`${over} px too wide`] : [])].map((what) => `${name}, ${size}, ${colorScheme}: ${what}`),
      );
    }
  }
  await page.setViewportSize(SIZES.wide);
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

/** Waits until the page has its heading and has finished loading. */
async function shown(page: Page, heading: string | RegExp): Promise<void> {
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  await page.getByText("Reading the log…").waitFor({ state: "detached" });
}

test("a new device: empty places say what belongs there", async () => {
  const problems: string[] = [];
  const { context, page } = await newDevice(setup, problems);
  const found = await check(page, "empty-train");
  for (const [name, heading, empty] of [
    ["History", "History", "No workouts yet"],
    ["Body", "Bodyweight", "No measurements yet"],
    ["Goals", "Goals", "No goals yet"],
  ] as const) {
    await go(page, name);
    await shown(page, heading);
    await page.getByRole("heading", { name: empty }).waitFor();
    found.push(...(await check(page, `empty-${name.toLowerCase()}`)));
  }
  await goToSync(page);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Type an email address.").waitFor();
  found.push(...(await check(page, "sign-in")));
  await page.goto(`${setup.url}/nowhere`);
  await shown(page, "No such page");
  found.push(...(await check(page, "no-page")));
  expect([...found, ...problems]).toEqual([]);
  await context.close();
});

test("a device with a year of training", async () => {
  const problems: string[] = [];
  const { context, page } = await newDevice(setup, problems);
  await signIn(setup, page);
  const found = await check(page, "sync");
  await go(page, "Train");
  await page.getByRole("heading", { name: "Your templates" }).waitFor();
  found.push(...(await check(page, "train")));
  await go(page, "History");
  await page.getByRole("img", { name: /^Estimated maximum/ }).waitFor();
  found.push(...(await check(page, "history")));
  await page.locator("main a.item").first().click();
  await page.getByRole("table").first().waitFor();
  found.push(...(await check(page, "workout")));
  await page.getByRole("button", { name: "Add an exercise" }).click();
  await page.getByRole("dialog").waitFor();
  found.push(...(await check(page, "dialog")));
  await page.keyboard.press("Escape");
  await go(page, "Body");
  await page.getByRole("img", { name: /^Bodyweight/ }).waitFor();
  await page.getByText("Show as a table").click();
  found.push(...(await check(page, "body")));
  await go(page, "Goals");
  await page.getByRole("progressbar").first().waitFor();
  found.push(...(await check(page, "goals")));
  await go(page, "Library");
  await page.locator("main a.item").first().waitFor();
  found.push(...(await check(page, "exercises")));
  await page.getByRole("link", { name: /squat/i }).first().click();
  await page.getByRole("img", { name: /^Estimated maximum/ }).waitFor();
  found.push(...(await check(page, "exercise")));
  await go(page, "Library");
  await page.getByRole("link", { name: "Templates" }).click();
  await page.locator("main a.item").first().waitFor();
  found.push(...(await check(page, "templates")));
  await page.locator("main a.item").first().click();
  await page.getByRole("heading", { name: "Details" }).waitFor();
  found.push(...(await check(page, "template")));
  await page.getByRole("link", { name: "Settings" }).click();
  await shown(page, "Settings");
  found.push(...(await check(page, "settings")));
  expect([...found, ...problems]).toEqual([]);
  await context.close();
});
