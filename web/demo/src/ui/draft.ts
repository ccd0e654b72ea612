// What is typed and not stored yet. It outlives the page: a phone may close it at any time.

import { useState } from "react";

const PREFIX = "stronglog-demo.draft.";

/** A draft by its key, and how to change it; undefined is none. */
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
