// Settings, which are a synced record: they follow the user to every device.

import { changeSettings, type Theme, useSettings } from "../data/settings";
import type { Unit } from "../logic/units";
import { Choice, Select } from "../ui/form";
import { Title } from "../ui/route";
import { attempt } from "../ui/toast";

const UNITS: readonly (readonly [Unit, string])[] = [
  ["kg", "Kilograms"],
  ["lbs", "Pounds"],
];

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "System"],
  ["light", "Light"],
  ["dark", "Dark"],
];

const RESTS = [60, 90, 120, 150, 180, 240, 300];

export function SettingsPage() {
  const { preferredWeightUnit, theme, defaultRestTimerSecs } = useSettings();
  const rests = [...new Set([...RESTS, defaultRestTimerSecs])].sort((left, right) => left - right);
  const restText = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
  return (
    <>
      <div className="page-head">
        <Title>Settings</Title>
      </div>
      <section className="card" aria-label="Settings">
        <Choice
          label="Weights in"
          value={preferredWeightUnit}
          options={UNITS}
          onChange={(unit) => void attempt(changeSettings({ preferredWeightUnit: unit }))}
        />
        <Choice
          label="Colours"
          value={theme}
          options={THEMES}
          onChange={(chosen) => void attempt(changeSettings({ theme: chosen }))}
        />
        <div className="short">
          <Select
            label="Rest between sets"
            value={String(defaultRestTimerSecs)}
            options={rests.map((seconds) => [String(seconds), restText(seconds)])}
            onChange={(seconds) => void attempt(changeSettings({ defaultRestTimerSecs: Number(seconds) }))}
          />
        </div>
      </section>
      <p className="small muted">Weights are stored in kilograms: changing the unit changes how they read, and nothing else.</p>
    </>
  );
}
