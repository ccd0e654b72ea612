// Which local database belongs to which account: each account that uses this browser has a log of its own.

/** The first log of a browser, which the first account to sign in takes over. */
export const FIRST_DATABASE = "stronglog-demo";

/** Local databases by the email addresses of their accounts, and the one in use. */
export interface Accounts {
  readonly current: string;
  readonly databases: Readonly<Record<string, string>>;
}

export const NO_ACCOUNTS: Accounts = { current: FIRST_DATABASE, databases: {} };

/** The address as a key: nobody means two accounts by two spellings. */
const keyOf = (email: string): string => email.trim().toLowerCase();

/** The address of the account that the log in use belongs to. */
export function ownerOf({ current, databases }: Accounts): string | undefined {
  return Object.keys(databases).find((email) => databases[email] === current);
}

/** Whether a sign-in with this address would be one to another account than the log's own. */
export function isAnother(accounts: Accounts, email: string): boolean {
  const owner = ownerOf(accounts);
  return owner !== undefined && owner !== keyOf(email);
}

/** The log in use belongs to this account. */
export function withOwner(accounts: Accounts, email: string): Accounts {
  return { ...accounts, databases: { ...accounts.databases, [keyOf(email)]: accounts.current } };
}

/** The log of this account is in use: the one that it has, or a new one. */
export function withLogOf({ databases }: Accounts, email: string): Accounts {
  const key = keyOf(email);
  const database = databases[key] ?? `${FIRST_DATABASE}-${Object.keys(databases).length + 1}`;
  return { current: database, databases: { ...databases, [key]: database } };
}
