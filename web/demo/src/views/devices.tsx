// The devices that are signed in, and the recovery code of the account.

import { useCallback, useEffect, useState } from "react";
import { ago } from "../logic/words";
import { type Device, sync } from "../sync";
import { Field, Form } from "../ui/form";
import { attempt, errorText } from "../ui/toast";

/** The maximum length of a name in the contract. */
const NAME_LENGTH_MAX = 200;

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
  return (
    <section className="card" aria-labelledby="devices">
      <h2 id="devices">Devices</h2>
      {problem && <p className="muted">{problem}</p>}
      <ul className="list">
        {devices?.map((device) => (
          <DeviceRow key={device.id} device={device} onChanged={load} />
        ))}
      </ul>
    </section>
  );
}

/** A device with its name, which can be changed, and a button that signs it out. */
function DeviceRow({ device, onChanged }: { device: Device; onChanged: () => Promise<void> }) {
  const [name, setName] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const edit = (text: string | undefined) => {
    setName(text);
    setProblem(undefined);
  };
  const rename = async () => {
    const wanted = name?.trim() ?? "";
    if (wanted === "") {
      setProblem("The name is missing.");
    } else if (await attempt(sync.renameDevice(device.id, wanted))) {
      edit(undefined);
      await onChanged();
    }
  };
  const revoke = async () => {
    await attempt(sync.revokeDevice(device.id));
    await onChanged();
  };
  if (name !== undefined) {
    return (
      <li className="row ends">
        <Form className="row ends grow" onSubmit={rename}>
          <div className="grow">
            <Field
              label={`Name of ${nameOf(device)}`}
              value={name}
              error={problem}
              maxLength={NAME_LENGTH_MAX}
              autoFocus
              onChange={(event) => edit(event.target.value)}
            />
          </div>
          <button type="submit" className="button primary">
            Save
          </button>
          <button type="button" className="button quiet" onClick={() => edit(undefined)}>
            Cancel
          </button>
        </Form>
      </li>
    );
  }
  return (
    <li className="row ends">
      <div className="grow">
        <p>{nameOf(device)}</p>
        <p className="small muted">{stateOf(device, Date.now())}</p>
      </div>
      <button type="button" className="button quiet" aria-label={`Rename ${nameOf(device)}`} onClick={() => edit(device.name ?? "")}>
        Rename
      </button>
      {!device.isCurrent && (
        <button type="button" className="button quiet" aria-label={`Sign out ${nameOf(device)}`} onClick={() => void revoke()}>
          Sign out
        </button>
      )}
    </li>
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
