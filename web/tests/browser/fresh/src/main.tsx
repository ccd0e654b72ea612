// The README's example, as a new app.

import { useLiveQuery } from "dexie-react-hooks";
import { useSyncExternalStore, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { createSync } from "stronglog-sync";

const sync = createSync({ baseUrl: import.meta.env.VITE_API_BASE_URL ?? location.origin });

function Templates(): ReactElement {
  const status = useSyncExternalStore(sync.status.subscribe, sync.status.getSnapshot);
  const templates = useLiveQuery(() => sync.db.workoutTemplates.orderBy("name").toArray());
  return (
    <>
      <p id="state">{status.pending === 0 && status.account !== null ? status.state : `${status.state}, ${status.pending} waiting`}</p>
      <button onClick={() => void sync.db.workoutTemplates.add({ name: "Push day" })}>Add</button>
      <ul>{templates?.map((template) => <li key={template.id}>{template.name}</li>)}</ul>
    </>
  );
}

Object.assign(window, { sync });
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(<Templates />);
}
