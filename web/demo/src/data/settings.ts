// The one settings record of a user. Until it is first written, the defaults hold.

import { useLiveQuery } from "dexie-react-hooks";
import { useEffect } from "react";
import type { Unit } from "../logic/units";
import { db, deterministicId, type Draft, type UserSettings } from "../sync";

const ID = deterministicId("user-settings", "settings");

const DEFAULTS: Draft<UserSettings> = { preferredWeightUnit: "kg", theme: "system", defaultRestTimerSecs: 120 };

export type Theme = UserSettings["theme"];

export function useSettings(): Draft<UserSettings> {
  return useLiveQuery(() => db.userSettings.get(ID)) ?? DEFAULTS;
}

export function useUnit(): Unit {
  return useSettings().preferredWeightUnit;
}

export async function changeSettings(change: Partial<Draft<UserSettings>>): Promise<void> {
  await db.transaction("rw", db.userSettings, async () => {
    await db.userSettings.put({ ...DEFAULTS, ...(await db.userSettings.get(ID)), ...change, id: ID });
  });
}

/** Where the theme is kept for the next start, which comes before the database is open. */
const THEME_KEY = "stronglog-demo.theme";

export function applyTheme(theme: Theme): void {
  if (theme === "system") {
    delete document.documentElement.dataset["theme"];
  } else {
    document.documentElement.dataset["theme"] = theme;
  }
}

/** Shows the theme of the last start at once. */
export function applyLastTheme(): void {
  const theme = localStorage.getItem(THEME_KEY);
  applyTheme(theme === "light" || theme === "dark" ? theme : "system");
}

/** Keeps the page in the theme of the settings, which another device may change. */
export function useTheme(): void {
  const settings = useLiveQuery(async () => (await db.userSettings.get(ID)) ?? DEFAULTS);
  useEffect(() => {
    if (settings) {
      applyTheme(settings.theme);
      localStorage.setItem(THEME_KEY, settings.theme);
    }
  }, [settings]);
}
