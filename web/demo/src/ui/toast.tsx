// What has just happened, for a few seconds: with a way back where there is one.

import { useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { Icon } from "./icon";

interface Toast {
  number: number;
  text: string;
  undo?: (() => Promise<void>) | undefined;
}

/** Long enough to read it and to reach the button. */
const SHOWN_MS = 8_000;

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function show(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

const dismiss = (number: number): void => show(toasts.filter((toast) => toast.number !== number));

/** Says something; `undo` takes it back. */
export function say(text: string, undo?: () => Promise<void>): void {
  const number = (last += 1);
  show([...toasts.slice(-2), { number, text, undo }]);
  setTimeout(() => dismiss(number), SHOWN_MS);
}

/** Does something, and says so if it fails. True if it was done. */
export async function attempt(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    say(told(error));
    return false;
  }
}

/** An error as a sentence. */
export function told(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  const popover = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // Shown anew each time: what was shown last is the topmost.
    popover.current?.hidePopover();
    popover.current?.showPopover();
  }, [shown]);
  return (
    <div className="toasts" role="status" aria-live="polite" popover="manual" ref={popover}>
      {shown.map(({ number, text, undo }) => (
        <div className="toast" key={number}>
          <span className="grow">{text}</span>
          {undo && (
            <button
              type="button"
              className="button"
              onClick={() => {
                dismiss(number);
                void attempt(undo());
              }}
            >
              Undo
            </button>
          )}
          <button type="button" className="button" aria-label="Dismiss" onClick={() => dismiss(number)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
