// The settings record of a user. Until it is first written, the defaults apply.

import { useLiveQuery } from "dexie-react-hooks";
import { createContext, useContext, useEffect } from "react";
import type { Unit } from "../logic/units";
import { db, sharedId, type Draft, type UserSettings } from "../sync";

const ID = sharedId("user-settings", "settings");

const DEFAULTS: Settings = { preferredWeightUnit: "kg", theme: "system", defaultRestTimerSecs: 120 };

export type Theme = UserSettings["theme"];

export type Settings = Draft<UserSettings>;

/** The stored settings. Undefined while they are first loaded. */
export function useStoredSettings(): Settings | undefined {
  return useLiveQuery(async () => (await db.userSettings.get(ID)) ?? DEFAULTS);
}

/** Read once for the whole page, so that a weight is never shown in the wrong unit at first. */
export const SettingsContext = createContext<Settings>(DEFAULTS);

export function useSettings(): Settings {
  return useContext(SettingsContext);
}

export function useUnit(): Unit {
  return useSettings().preferredWeightUnit;
}

export async function changeSettings(change: Partial<Settings>): Promise<void> {
  await db.transaction("rw", db.userSettings, async () => {
    await db.userSettings.put({ ...DEFAULTS, ...(await db.userSettings.get(ID)), ...change, id: ID });
  });
}

/** Where the theme is stored for the next start, which happens before the database is open. */
const THEME_KEY = "stronglog-demo.theme";

function applyTheme(theme: Theme): void {
  if (theme === "system") {
    delete document.documentElement.dataset["theme"];
  } else {
    document.documentElement.dataset["theme"] = theme;
  }
}

/** Applies the theme of the last start at once. */
export function applyLastTheme(): void {
  const theme = localStorage.getItem(THEME_KEY);
  applyTheme(theme === "light" || theme === "dark" ? theme : "system");
}

/** Keeps the page in the theme of the settings, which another device may change. */
export function useTheme(settings: Settings | undefined): void {
  const theme = settings?.theme;
  useEffect(() => {
    if (theme) {
      applyTheme(theme);
      localStorage.setItem(THEME_KEY, theme);
    }
  }, [theme]);
}
