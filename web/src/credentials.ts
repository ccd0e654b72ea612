// The contract's rules for what a person types to sign in or to create an account, for forms that check it before it is sent.

import { validate, type Violation } from "../../generated/typescript/runtime/report.js";
import { LoginRequestSchema, RegisterRequestSchema } from "../../generated/typescript/schemas.js";
import type { Credentials } from "./api.js";

/** What the contract refuses in these credentials: `pointer` is `/email` or `/password`. */
export function credentialViolations(how: "signIn" | "signUp", { email, password }: Credentials): readonly Violation[] {
  return validate(how === "signUp" ? RegisterRequestSchema : LoginRequestSchema, { email, password });
}
