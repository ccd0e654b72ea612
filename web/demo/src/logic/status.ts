// Summarizes the sync status as a short label and a sentence.

import type { SyncStatus } from "../sync";
import { counted } from "./words";

export type Tone = "quiet" | "good" | "busy" | "attention";

export interface Summary {
  tone: Tone;
  /** At most two words, for the status pill. */
  label: string;
  /** A sentence: the state, and what the user should do, if anything. */
  sentence: string;
}

export function summary(status: SyncStatus): Summary {
  const { state, pending, blocked, quarantined } = status;
  const edits = counted(pending, "edit");
  const kept =
    pending > 0 ? `${edits} wait${pending === 1 ? "s" : ""} here and will be sent then.` : "Everything from here has been sent.";
  if (status.storageProblem !== null) {
    return { tone: "attention", label: "Storage problem", sentence: status.storageProblem };
  }
  switch (state) {
    case "starting":
      return { tone: "busy", label: "Starting", sentence: "Sync is starting. The log works meanwhile." };
    case "unavailable":
      return {
        tone: "attention",
        label: "Sync unavailable",
        sentence: `${sentenceOf(status.lastError ?? "Sync cannot run")} The log works on this device; ${pending > 0 ? `${edits} ${pending === 1 ? "is" : "are"} kept and sent later.` : "what you write is kept and sent later."}`,
      };
    case "off":
      return status.account === null
        ? {
            tone: "quiet",
            label: "On this device",
            sentence: "The log is on this device alone. Sign in to have it on all of yours.",
          }
        : {
            tone: "quiet",
            label: "Sync is off",
            sentence: `Sync is switched off. ${pending > 0 ? `${edits} will be sent once it is on.` : ""}`.trim(),
          };
    case "paused":
      return { tone: "quiet", label: "Offline mode", sentence: `You work offline until you switch back. ${kept}` };
    case "offline":
      return { tone: "quiet", label: "Offline", sentence: `The server cannot be reached; sync retries automatically. ${kept}` };
    case "needsAuth":
      return { tone: "attention", label: "Sign in again", sentence: `The sign-in has run out. ${kept}` };
    case "needsConfirmation":
      return {
        tone: "attention",
        label: "Your decision",
        sentence: `The server no longer has ${counted(status.toBeDeleted, "record")} that ${status.toBeDeleted === 1 ? "is" : "are"} here. Nothing is deleted until you say so.`,
      };
    case "upgradeRequired":
      return {
        tone: "attention",
        label: "Update needed",
        sentence: "This version of the app is too old for the server. Load the page again.",
      };
    case "syncing":
      return { tone: "busy", label: "Syncing", sentence: pending > 0 ? `Sending ${edits}.` : "Fetching what is new." };
    case "idle":
      return idle(status, pending, blocked, quarantined, edits);
  }
}

/** Formats a message as a sentence. */
function sentenceOf(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${message.endsWith(".") ? "" : "."}`;
}

function idle({ lastError, differsSince, ...clock }: SyncStatus, pending: number, blocked: number, quarantined: number, edits: string): Summary {
  if (blocked > 0) {
    const sentence = `The server has rejected ${counted(blocked, "edit")}; everything else is synced. See the reasons below.`;
    return { tone: "attention", label: `${blocked} rejected`, sentence };
  }
  const { serverClockAheadMs: aheadMs } = clock;
  if (aheadMs !== null && !clock.correctsClock) {
    const minutes = counted(Math.round(Math.abs(aheadMs) / 60_000), "minute");
    const side = aheadMs > 0 ? "behind" : "ahead of";
    const fate = aheadMs > 0 ? "may lose against earlier ones of other devices" : "may have to wait";
    const sentence = `The clock of this device is ${minutes} ${side} the server's: set the one that is wrong. Until then, edits made here ${fate}.`;
    return { tone: "attention", label: "Wrong clock", sentence };
  }
  if (lastError !== null) {
    return { tone: "attention", label: "Sync failed", sentence: `${lastError}. Sync retries automatically.` };
  }
  if (pending > 0) {
    return { tone: "busy", label: `${pending} waiting`, sentence: `${edits} will be sent in a moment.` };
  }
  if (quarantined > 0) {
    const sentence = `${counted(quarantined, "change")} came from a newer version of the app, and will show after an update.`;
    return { tone: "attention", label: "Update the app", sentence };
  }
  if (differsSince !== null) {
    const sentence = "Some records of this device are not what the server has, even after everything was fetched again.";
    return { tone: "attention", label: "Differs", sentence };
  }
  return { tone: "good", label: "Synced", sentence: "This device has everything, and so has the server." };
}
