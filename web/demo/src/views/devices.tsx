// The devices that are signed in, and the recovery code of the account.

import { useCallback, useEffect, useState } from "react";
import { ago } from "../logic/words";
import { type Device, sync } from "../sync";
import { attempt, errorText } from "../ui/toast";

/** The devices of the account, and the revision that each has reached according to the server. */
export function Devices() {
  const [devices, setDevices] = useState<readonly Device[]>();
  const [problem, setProblem] = useState<string>();
  const load = useCallback(async () => {
    try {
      setDevices(await sync.devices());
      setProblem(undefined);
    } catch (error) {
      setProblem(errorText(error));
    }
  }, []);
  useEffect(() => void load(), [load]);
  const revoke = async (id: string) => {
    await attempt(sync.revokeDevice(id));
    await load();
  };
  return (
    <section className="card" aria-labelledby="devices">
      <h2 id="devices">Devices</h2>
      {problem && <p className="muted">{problem}</p>}
      <ul className="list">
        {devices?.map((device) => (
          <li key={device.id} className="row ends">
            <div className="grow">
              <p>{nameOf(device)}</p>
              <p className="small muted">{stateOf(device, Date.now())}</p>
            </div>
            {!device.isCurrent && (
              <button
                type="button"
                className="button quiet"
                aria-label={`Sign out ${nameOf(device)}`}
                onClick={() => void revoke(device.id)}
              >
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function nameOf({ name, platform, isCurrent }: Device): string {
  const known = name ?? platform ?? "A device without a name";
  return isCurrent ? `${known} (this one)` : known;
}

function stateOf({ lastSeenAt, lastSyncedAt, lastSyncedRev }: Device, now: number): string {
  const synced = lastSyncedAt === undefined ? "not synced yet" : `synced ${ago(lastSyncedAt, now)}, up to revision ${lastSyncedRev ?? 0}`;
  return `Seen ${ago(lastSeenAt, now)}, ${synced}`;
}

/** The code that was just created. The server keeps only its hash, so it is shown only once. */
export function RecoveryCode({ code, onKept }: { code: string; onKept: () => void }) {
  return (
    <section className="card" aria-labelledby="recovery-code">
      <h2 id="recovery-code">Your recovery code</h2>
      <p>
        <strong>{code}</strong>
      </p>
      <p className="muted">Write it down. It sets a new password if you forget yours, and it is not shown again.</p>
      <div>
        <button type="button" className="button primary" onClick={onKept}>
          I have written it down
        </button>
      </div>
    </section>
  );
}
