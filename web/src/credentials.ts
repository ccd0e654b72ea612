// The contract's rules for the credentials of signing in and signing up, for forms that validate input before it is sent.

import { validate, type Violation } from "../../generated/typescript/runtime/report.js";
import { LoginRequestSchema, RegisterRequestSchema } from "../../generated/typescript/schemas.js";
import type { Credentials } from "./api.js";

/** The violations of the contract in these credentials: `pointer` is `/email` or `/password`. */
export function credentialViolations(how: "signIn" | "signUp", { email, password }: Credentials): readonly Violation[] {
  return validate(how === "signUp" ? RegisterRequestSchema : LoginRequestSchema, { email, password });
}
