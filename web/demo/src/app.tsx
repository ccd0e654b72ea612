// The layout of every page, and the mapping of paths to pages.

import { type ReactNode, useSyncExternalStore } from "react";
import { SettingsContext, useStoredSettings, useTheme } from "./data/settings";
import { summary } from "./logic/status";
import { sync } from "./sync";
import { Loading } from "./ui/form";
import { Icon, type IconName } from "./ui/icon";
import { Link, Title, usePath } from "./ui/route";
import { Toasts } from "./ui/toast";
import { BodyPage } from "./views/body";
import { ExercisePage } from "./views/exercise";
import { GoalsPage } from "./views/goals";
import { HistoryPage } from "./views/history";
import { LibraryPage } from "./views/library";
import { SettingsPage } from "./views/settings";
import { SyncPage } from "./views/sync";
import { TemplatePage } from "./views/template";
import { TrainPage } from "./views/train";
import { WorkoutPage } from "./views/workout";

/** Maps the first part of a path to the page that shows it and the parts after it. */
const PAGES: Record<string, (rest: string | undefined) => ReactNode> = {
  "": () => <TrainPage />,
  workout: (id) => id && <WorkoutPage key={id} id={id} />,
  history: () => <HistoryPage />,
  body: () => <BodyPage />,
  goals: () => <GoalsPage />,
  library: () => <LibraryPage show="exercises" />,
  templates: () => <LibraryPage show="templates" />,
  exercise: (id) => id && <ExercisePage key={id} id={id} />,
  template: (id) => id && <TemplatePage key={id} id={id} />,
  sync: () => <SyncPage />,
  settings: () => <SettingsPage />,
};

/** The path, icon and name of each tab, and the paths below which it is shown as the current tab. */
const TABS: readonly (readonly [string, IconName, string, ...string[]])[] = [
  ["/", "train", "Train", "", "workout"],
  ["/history", "history", "History", "history"],
  ["/body", "body", "Body", "body"],
  ["/goals", "goals", "Goals", "goals"],
  ["/library", "library", "Library", "library", "templates", "exercise", "template"],
];

export function App() {
  const settings = useStoredSettings();
  useTheme(settings);
  const [, first = "", rest] = usePath().split("/");
  if (!settings) {
    return <Loading />;
  }
  return (
    <SettingsContext value={settings}>
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <div className="shell">
        <header className="rail">
          <Link className="brand" to="/">
            <img src="/icon.svg" alt="" />
            StrongLog
          </Link>
          <nav className="tabs" aria-label="Pages">
            <ul>
              {TABS.map(([path, icon, name, ...below]) => (
                <li key={path}>
                  <Link to={path} aria-current={below.includes(first) ? "page" : undefined}>
                    <Icon name={icon} />
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div className="rail-end">
            <Link
              className="tab-settings"
              to="/settings"
              aria-label="Settings"
              aria-current={first === "settings" ? "page" : undefined}
            >
              <Icon name="settings" />
              <span>Settings</span>
            </Link>
            <SyncPill />
          </div>
        </header>
        <main id="page" className="page" tabIndex={-1} key={first}>
          {PAGES[first]?.(rest) ?? <NoPage />}
        </main>
      </div>
      <Toasts />
    </SettingsContext>
  );
}

/** The sync status, shown on every page. */
function SyncPill() {
  const { tone, label } = summary(useSyncExternalStore(sync.status.subscribe, sync.status.getSnapshot));
  return (
    <Link className="pill" to="/sync" aria-label={`Sync: ${label}`}>
      <span className="dot" data-tone={tone} />
      {label}
    </Link>
  );
}

function NoPage() {
  return (
    <>
      <Title>No such page</Title>
      <p>
        Nothing is kept at this address. <Link to="/">Back to training</Link>
      </p>
    </>
  );
}
