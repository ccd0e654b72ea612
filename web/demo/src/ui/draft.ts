// Typed text that is not stored yet. It survives the page, because a phone may close the page at any time.

import { useState } from "react";

const PREFIX = "stronglog-demo.draft.";

/** A draft by its key, and a function that changes it; undefined means no draft. */
export function useDraft(key: string): [string | undefined, (text: string | undefined) => void] {
  const [draft, setDraft] = useState(() => localStorage.getItem(PREFIX + key) ?? undefined);
  const change = (text: string | undefined) => {
    if (text === undefined) {
      localStorage.removeItem(PREFIX + key);
    } else {
      localStorage.setItem(PREFIX + key, text);
    }
    setDraft(text);
  };
  return [draft, change];
}
