// The account: signing up, in and out.

import { type FormEvent, useState } from "react";
import { sync, type SyncStatus } from "../sync";
import { Choice, Field } from "../ui/form";
import { attempt, told } from "../ui/toast";

/** The address that was last signed in with: sync itself knows the account by its id alone. */
const EMAIL_KEY = "stronglog-demo.email";

export function Account({ status }: { status: SyncStatus }) {
  return status.account !== null && status.state !== "needsAuth" ? (
    <SignedIn status={status} />
  ) : (
    <SignIn again={status.account !== null} />
  );
}

function SignedIn({ status }: { status: SyncStatus }) {
  const on = status.state !== "off";
  return (
    <section className="card" aria-labelledby="account">
      <div className="row ends">
        <div className="grow">
          <h2 id="account">Account</h2>
          <p className="muted">
            Signed in{localStorage.getItem(EMAIL_KEY) && ` as ${localStorage.getItem(EMAIL_KEY)}`}. The log stays on this device
            when you sign out.
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

type Way = "in" | "up";

const WAYS = [
  ["in", "Sign in"],
  ["up", "New account"],
] as const;

/** The least that a server takes. */
const PASSWORD_MIN = 8;

function SignIn({ again }: { again: boolean }) {
  const [chosen, setWay] = useState<Way>("in");
  const [email, setEmail] = useState(localStorage.getItem(EMAIL_KEY) ?? "");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<{ email?: string; password?: string; all?: string }>({});
  const [busy, setBusy] = useState(false);
  const way = again ? "in" : chosen;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wrong = {
      ...(/^\S+@\S+$/.test(email.trim()) ? {} : { email: "Type an email address." }),
      ...(password.length >= PASSWORD_MIN ? {} : { password: `A password has at least ${PASSWORD_MIN} characters.` }),
    };
    setProblem(wrong);
    if (Object.keys(wrong).length > 0) {
      return;
    }
    setBusy(true);
    try {
      const credentials = { email: email.trim(), password };
      await (way === "in" ? sync.signIn(credentials) : sync.signUp(credentials));
      localStorage.setItem(EMAIL_KEY, credentials.email);
    } catch (error) {
      setProblem({ all: told(error) });
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
      <form className="form" noValidate onSubmit={(event) => void submit(event)}>
        {!again && <Choice label="Account" value={way} options={WAYS} onChange={setWay} />}
        <div className="fields wide">
          <Field
            label="Email"
            type="email"
            autoComplete="username"
            value={email}
            error={problem.email}
            onChange={(event) => setEmail(event.target.value)}
          />
          <Field
            label="Password"
            type="password"
            autoComplete={way === "in" ? "current-password" : "new-password"}
            value={password}
            error={problem.password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </div>
        {problem.all && (
          <p className="notice danger" role="alert">
            {problem.all}
          </p>
        )}
        <div>
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "One moment…" : way === "in" ? "Sign in" : "Make the account"}
          </button>
        </div>
      </form>
    </section>
  );
}
