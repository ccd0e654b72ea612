// Maps accounts to local databases: each account that uses this browser has its own log.

/** The first log of a browser, which the first account to sign in claims. */
export const FIRST_DATABASE = "stronglog-demo";

/** Local databases by the email addresses of their accounts, and the current database. */
export interface Accounts {
  readonly current: string;
  readonly databases: Readonly<Record<string, string>>;
}

export const NO_ACCOUNTS: Accounts = { current: FIRST_DATABASE, databases: {} };

/** The address as a key: two spellings of an address mean the same account. */
const keyOf = (email: string): string => email.trim().toLowerCase();

/** The address of the account that owns the current log. */
export function ownerOf({ current, databases }: Accounts): string | undefined {
  return Object.keys(databases).find((email) => databases[email] === current);
}

/** Whether a sign-in with this address would be to an account other than the log's own. */
export function isAnother(accounts: Accounts, email: string): boolean {
  const owner = ownerOf(accounts);
  return owner !== undefined && owner !== keyOf(email);
}

/** Assigns the current log to this account. */
export function withOwner(accounts: Accounts, email: string): Accounts {
  return { ...accounts, databases: { ...accounts.databases, [keyOf(email)]: accounts.current } };
}

/** Makes the log of this account current: its existing log, or a new one. */
export function withLogOf({ databases }: Accounts, email: string): Accounts {
  const key = keyOf(email);
  const database = databases[key] ?? `${FIRST_DATABASE}-${Object.keys(databases).length + 1}`;
  return { current: database, databases: { ...databases, [key]: database } };
}
