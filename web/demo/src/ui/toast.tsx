// Toasts: show what has just happened for a few seconds, with an undo button if the action can be undone.

import { useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { rejection } from "../logic/rejections";
import { Icon } from "./icon";

interface Toast {
  number: number;
  text: string;
  undo?: (() => Promise<void>) | undefined;
}

/** Long enough to read the message and to reach the button. */
const SHOWN_MS = 8_000;

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function show(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

const dismiss = (number: number): void => show(toasts.filter((toast) => toast.number !== number));

/** Shows a message; `undo` reverts the action. */
export function say(text: string, undo?: () => Promise<void>): void {
  const number = (last += 1);
  show([...toasts.slice(-2), { number, text, undo }]);
  setTimeout(() => dismiss(number), SHOWN_MS);
}

/** Runs an action, and shows a message if it fails. Resolves to true if it succeeded. */
export async function attempt(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    say(errorText(error));
    return false;
  }
}

/** An error as a sentence. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? (rejection(error) ?? error.message) : String(error);
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
    // Shown again each time, so that the newest toast is on top.
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
