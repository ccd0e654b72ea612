// Ignores an action while it is under way, so that a double click creates nothing twice.

import { useRef } from "react";

/** Returns a function that runs an action, unless an earlier one is under way. */
export function useOnce(): (action: () => Promise<unknown>) => Promise<void> {
  const busy = useRef(false);
  return async (action) => {
    if (!busy.current) {
      busy.current = true;
      await action().finally(() => (busy.current = false));
    }
  };
}
