// Records that sync reports: rejected, not readable yet, or past versions.

import { useEffect, useState } from "react";
import { type Described, describe, kindOf } from "../logic/describe";
import { useUnit } from "../data/settings";
import { ago, clock, counted, day } from "../logic/words";
import { type BlockedRecord, type PastVersion, type QuarantinedChange, sync, type SyncStatus } from "../sync";
import { Empty } from "../ui/form";
import { attempt, say, errorText } from "../ui/toast";

/** A list from the package, which is read again when `change` changes. */
function useListed<T>(read: () => Promise<T[]>, change: string): T[] | undefined {
  const [listed, setListed] = useState<T[]>();
  useEffect(() => {
    let current = true;
    read().then(
      (list) => current && setListed(list),
      (error: unknown) => say(errorText(error)),
    );
    return () => {
      current = false;
    };
    // `read` is one of the package's own functions, which never change.
  }, [change]);
  return listed;
}

const readBlocked = (): Promise<BlockedRecord[]> => sync.blocked();
const readQuarantine = (): Promise<QuarantinedChange[]> => sync.quarantine();
const readHistory = (): Promise<PastVersion[]> => sync.conflicts(50);

export function Blocked({ count }: { count: number }) {
  const unit = useUnit();
  const blocked = useListed(readBlocked, String(count)) ?? [];
  return (
    <section className="card flush" aria-labelledby="rejected">
      <div className="card-head">
        <h2 id="rejected">Rejected by the server</h2>
        <span className="tag attention">{count.toLocaleString("en")}</span>
      </div>
      <ul className="list">
        {blocked.map(({ collection, id, record, code, message }) => (
          <li className="item wraps" key={`${collection}/${id}`}>
            <span className="grow">
              <Name of={describe(collection, record, unit)} />
              <span className="small error block">
                {message} <span className="muted">({code})</span>
              </span>
            </span>
            <span className="row">
              <button type="button" className="button" onClick={() => void attempt(sync.retry(collection, id))}>
                Try again
              </button>
              <button type="button" className="button danger" onClick={() => void attempt(sync.discard(collection, id))}>
                Give up
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Quarantined({ count }: { count: number }) {
  const changes = useListed(readQuarantine, String(count)) ?? [];
  return (
    <section className="card flush" aria-labelledby="unread">
      <div className="card-head">
        <h2 id="unread">Not readable yet</h2>
        <span className="tag">{count.toLocaleString("en")}</span>
      </div>
      <ul className="list">
        {changes.map(({ collection, id, reason, at }) => (
          <li className="item" key={`${collection}/${id}/${at}`}>
            <span className="grow">
              <strong className="number">{collection === null ? "An unknown kind of record" : kindOf(collection)}</strong>
              <span className="small muted block">{reason}</span>
            </span>
            <span className="small muted">{ago(at, Date.now())}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function History({ status }: { status: SyncStatus }) {
  const unit = useUnit();
  const [asked, setAsked] = useState(0);
  // Every change of these lists changes one of these values.
  const change = [
    status.state,
    status.pending,
    status.lastSuccessfulServerSyncTimestamp,
    status.lastSuccessfulClientPushTimestamp,
    asked,
  ].join();
  const past = useListed(readHistory, change);
  const restore = async ({ number }: PastVersion) => {
    if (await attempt(sync.restore(number))) {
      setAsked(asked + 1);
      say("Brought back. It is the current version again, on every device.");
    }
  };
  return (
    <section className="card flush" aria-labelledby="past">
      <div className="card-head">
        <div>
          <h2 id="past">Past versions</h2>
          <p className="small muted">What lost against another device’s edit, or was deleted. Nothing is ever gone.</p>
        </div>
        {past && past.length > 0 && <span className="small muted">{counted(past.length, "version")}</span>}
      </div>
      {past?.length === 0 && (
        <Empty icon="sync" title="Nothing was overruled">
          <p>When two devices edit the same record, the later edit wins, and the other one is kept here.</p>
        </Empty>
      )}
      <ul className="list">
        {past?.map((version) => (
          <li className="item wraps" key={version.number}>
            <span className="grow">
              <Name of={describe(version.collection, version.record, unit)} />
              <span className="row">
                <span className={version.why === "lost" ? "tag attention" : "tag"}>
                  {version.why === "lost" ? "Lost to a later edit" : "Deleted"}
                </span>
                <span className="small muted">
                  {day(version.at, Date.now())}, {clock(version.at)}
                </span>
              </span>
            </span>
            <button type="button" className="button" onClick={() => void restore(version)}>
              Restore
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Name({ of: { kind, text } }: { of: Described }) {
  return (
    <span className="block">
      <strong className="number">{kind}</strong> <span className="muted">{text}</span>
    </span>
  );
}
