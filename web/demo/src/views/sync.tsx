// The sync panel: the status, pending edits, rejected edits, past versions, and the account.

import { useEffect, useState, useSyncExternalStore } from "react";
import { summary } from "../logic/status";
import { ago } from "../logic/words";
import { sync, type SyncState, type SyncStatus } from "../sync";
import { Icon } from "../ui/icon";
import { Title } from "../ui/route";
import { attempt } from "../ui/toast";
import { Account } from "./account";
import { Devices, RecoveryCode } from "./devices";
import { Blocked, History, Quarantined } from "./sync-records";

export function SyncPage() {
  const status = useSyncExternalStore(sync.status.subscribe, sync.status.getSnapshot);
  const [recoveryCode, setRecoveryCode] = useState<string>();
  return (
    <>
      <div className="page-head">
        <Title>Sync</Title>
      </div>
      <State status={status} />
      {status.state === "needsConfirmation" && <Confirmation status={status} />}
      {recoveryCode !== undefined && <RecoveryCode code={recoveryCode} onKept={() => setRecoveryCode(undefined)} />}
      {(status.account === null || status.state === "needsAuth") && <Account status={status} onRecoveryCode={setRecoveryCode} />}
      {status.blocked > 0 && <Blocked count={status.blocked} />}
      {status.quarantined > 0 && <Quarantined count={status.quarantined} />}
      <History status={status} />
      {status.account !== null && status.state !== "needsAuth" && (
        <>
          <Devices />
          <Account status={status} onRecoveryCode={setRecoveryCode} />
        </>
      )}
    </>
  );
}

/** The current time, updated periodically, because "just now" gets older. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** The states in which a request to sync has an effect. */
const CAN_SYNC: ReadonlySet<SyncState> = new Set(["idle", "syncing", "offline"]);

function State({ status }: { status: SyncStatus }) {
  const now = Math.max(useNow(), status.lastSuccessfulServerSyncTimestamp ?? 0, status.lastSuccessfulClientPushTimestamp ?? 0);
  const [busy, setBusy] = useState(false);
  const { tone, label, sentence } = summary(status);
  const signedIn = status.account !== null;
  const when = (at: number | null) => (at === null ? "Never" : ago(at, now));
  const syncNow = async () => {
    setBusy(true);
    await attempt(sync.syncNow());
    setBusy(false);
  };
  return (
    <section className="card" aria-label="How sync stands">
      <div className="row ends">
        <div className="grow" role="status">
          <h2 className="row">
            <span className="dot" data-tone={tone} />
            {label}
          </h2>
          <p className="muted">{sentence}</p>
        </div>
        {signedIn && CAN_SYNC.has(status.state) && (
          <button type="button" className="button" disabled={busy} onClick={() => void syncNow()}>
            <Icon name="sync" size={18} />
            Sync now
          </button>
        )}
        {signedIn && status.state === "off" && (
          <button type="button" className="button primary" onClick={() => void attempt(sync.enable())}>
            Switch sync on
          </button>
        )}
      </div>
      {status.lastError !== null && status.state !== "idle" && status.state !== "unavailable" && <p className="notice">{status.lastError}</p>}
      {signedIn && (
        <>
          <dl className="facts">
            <dt>Waiting to be sent</dt>
            <dd>
              {status.pending.toLocaleString("en")}
              {status.pendingSince !== null && <span className="muted">, the oldest {ago(status.pendingSince, now)}</span>}
            </dd>
            <dt>Last fetched</dt>
            <dd>{when(status.lastSuccessfulServerSyncTimestamp)}</dd>
            <dt>Last sent</dt>
            <dd>{when(status.lastSuccessfulClientPushTimestamp)}</dd>
            <dt>This tab</dt>
            <dd>{status.leader ? "syncs for this browser" : "follows another tab, which syncs"}</dd>
          </dl>
          {(CAN_SYNC.has(status.state) || status.state === "paused") && <OfflineSwitch paused={status.state === "paused"} />}
        </>
      )}
      {!status.persisted && (
        <p className="small muted">
          The browser may clear this page’s data when the disk is full.{signedIn && " What was sent is safe on the server."}
        </p>
      )}
    </section>
  );
}

function OfflineSwitch({ paused }: { paused: boolean }) {
  // Switches at once, and shows the actual state when the status arrives.
  const [wanted, setWanted] = useState(paused);
  useEffect(() => setWanted(paused), [paused]);
  const change = () => {
    setWanted(!wanted);
    void attempt(wanted ? sync.resume() : sync.pause());
  };
  return (
    <label className="switch">
      <span>
        Work offline
        <span className="hint block">Nothing is sent or fetched until you switch back, even after a reload.</span>
      </span>
      <input type="checkbox" role="switch" checked={wanted} onChange={change} />
    </label>
  );
}

/** A resync would delete many records: only the user knows whether that is intended. */
function Confirmation({ status }: { status: SyncStatus }) {
  return (
    <section className="notice" aria-label="Deletions to confirm">
      <p className="grow">Were these {status.toBeDeleted.toLocaleString("en")} records deleted on another device?</p>
      <div className="row">
        <button type="button" className="button" onClick={() => void attempt(sync.confirmDeletions("pushAgain"))}>
          No, send them again
        </button>
        <button type="button" className="button danger" onClick={() => void attempt(sync.confirmDeletions("delete"))}>
          Yes, delete them here
        </button>
      </div>
    </section>
  );
}
