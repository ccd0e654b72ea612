// The account page: signing up, in and out, and a forgotten password.

import { useState } from "react";
import { currentOwner, isAnotherAccount, openLogOf, rememberOwner } from "../data/accounts";
import { credentialViolations, sync, type SyncStatus } from "../sync";
import { Choice, Field, Form } from "../ui/form";
import { attempt, errorText } from "../ui/toast";

interface OnRecoveryCode {
  /** A recovery code was created, which the user sees only once. */
  onRecoveryCode: (code: string) => void;
}

export function Account({ status, onRecoveryCode }: { status: SyncStatus } & OnRecoveryCode) {
  return status.account !== null && status.state !== "needsAuth" ? (
    <SignedIn status={status} />
  ) : (
    <SignIn again={status.account !== null} onRecoveryCode={onRecoveryCode} />
  );
}

function SignedIn({ status }: { status: SyncStatus }) {
  const on = status.state !== "off";
  const owner = currentOwner();
  return (
    <section className="card" aria-labelledby="account">
      <div className="row ends">
        <div className="grow">
          <h2 id="account">Account</h2>
          <p className="muted">
            Signed in{owner && ` as ${owner}`}. The log stays on this device when you sign out.
          </p>
        </div>
        <div className="row">
          {on && (
            <button type="button" className="button quiet first" onClick={() => void attempt(sync.disable())}>
              Switch sync off
            </button>
          )}
          <button type="button" className="button" onClick={() => void attempt(sync.signOut())}>
            Sign out
          </button>
        </div>
      </div>
    </section>
  );
}

type Way = "in" | "up" | "recover";

const WAYS = [
  ["in", "Sign in"],
  ["up", "New account"],
] as const;

const BUTTONS: Record<Way, string> = { in: "Sign in", up: "Make the account", recover: "Set the new password" };

interface Problem {
  email?: string;
  code?: string;
  password?: string;
  all?: string;
  /** The email address of an account other than the log's own. */
  another?: string;
}

/** The violations of the contract, next to the inputs that they concern. */
function problemOf(way: Way, credentials: { email: string; password: string }, code: string): Problem {
  const found = credentialViolations(way === "in" ? "signIn" : "signUp", credentials);
  const about = (pointer: string) => found.find((violation) => violation.pointer === pointer);
  const [email, password] = [about("/email"), about("/password")];
  return {
    // The format of an address is a pattern, which is not a useful message.
    ...(email && { email: credentials.email !== "" && email.keyword === "maxLength" ? `The address ${email.message}.` : "Type an email address." }),
    ...(way === "recover" && code.trim() === "" && { code: "Type the recovery code." }),
    ...(password && { password: credentials.password === "" ? "Type a password." : `The password ${password.message}.` }),
  };
}

function SignIn({ again, onRecoveryCode }: { again: boolean } & OnRecoveryCode) {
  const [chosen, setWay] = useState<Way>("in");
  const [inputs, setInputs] = useState<Inputs>({ email: currentOwner() ?? "", password: "", code: "" });
  const [problem, setProblem] = useState<Problem>({});
  const [busy, setBusy] = useState(false);
  const way = again && chosen === "up" ? "in" : chosen;
  const submit = async () => {
    const credentials = { email: inputs.email.trim(), password: inputs.password };
    const wrong = isAnotherAccount(credentials.email) ? { another: credentials.email } : problemOf(way, credentials, inputs.code);
    setProblem(wrong);
    if (Object.keys(wrong).length > 0) {
      return;
    }
    setBusy(true);
    try {
      if (way === "recover") {
        await sync.recover({ email: credentials.email, recoveryCode: inputs.code, newPassword: inputs.password });
      }
      await (way === "up" ? sync.signUp(credentials) : sync.signIn(credentials));
      rememberOwner(credentials.email);
      if (way !== "in") {
        // The account works without a code, so a failure is only reported.
        await attempt(sync.makeRecoveryCode(inputs.password).then(onRecoveryCode));
      }
    } catch (error) {
      setProblem({ all: errorText(error) });
    }
    setBusy(false);
  };
  return (
    <section className="card" aria-labelledby="sign-in">
      <div>
        <h2 id="sign-in">{again ? "Sign in again" : "Have the log on all your devices"}</h2>
        <p className="muted">
          {again
            ? "Everything written meanwhile is kept, and sent then."
            : "The log works without an account. With one, what is here goes along."}
        </p>
      </div>
      <Form className="form" onSubmit={submit}>
        {!again && way !== "recover" && <Choice label="Account" value={way} options={WAYS} onChange={setWay} />}
        <CredentialFields way={way} inputs={inputs} problem={problem} onChange={(change) => setInputs({ ...inputs, ...change })} />
        <Notices problem={problem} />
        <div className="row">
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "One moment…" : BUTTONS[way]}
          </button>
          {way !== "up" && (
            <button type="button" className="button quiet" onClick={() => setWay(way === "in" ? "recover" : "in")}>
              {way === "in" ? "Forgot the password?" : "Back"}
            </button>
          )}
        </div>
      </Form>
    </section>
  );
}

/** What the user has typed. */
interface Inputs {
  readonly email: string;
  readonly password: string;
  readonly code: string;
}

interface CredentialFieldsProps {
  way: Way;
  inputs: Inputs;
  problem: Problem;
  onChange: (change: Partial<Inputs>) => void;
}

function CredentialFields({ way, inputs, problem, onChange }: CredentialFieldsProps) {
  return (
    <div className="fields wide">
      <Field
        label="Email"
        type="email"
        autoComplete="username"
        value={inputs.email}
        error={problem.email}
        onChange={(event) => onChange({ email: event.target.value })}
      />
      {way === "recover" && (
        <Field
          label="Recovery code"
          autoComplete="off"
          value={inputs.code}
          error={problem.code}
          onChange={(event) => onChange({ code: event.target.value })}
        />
      )}
      <Field
        label={way === "recover" ? "New password" : "Password"}
        type="password"
        autoComplete={way === "in" ? "current-password" : "new-password"}
        value={inputs.password}
        error={problem.password}
        onChange={(event) => onChange({ password: event.target.value })}
      />
    </div>
  );
}

/** The problems that concern no single input. */
function Notices({ problem }: { problem: Problem }) {
  return (
    <>
      {problem.all && (
        <p className="notice danger" role="alert">
          {problem.all}
        </p>
      )}
      {problem.another && (
        <div className="notice" role="alert">
          <p className="grow">
            The log that is open belongs to {currentOwner()}. {problem.another} has a log of its own in this browser; nothing is
            mixed, and this log stays.
          </p>
          <button type="button" className="button" onClick={() => openLogOf(problem.another ?? "")}>
            Open the log of {problem.another}
          </button>
        </div>
      )}
    </>
  );
}
