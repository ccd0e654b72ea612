// Stores which account uses which local database of this browser.

import { type Accounts, isAnother, NO_ACCOUNTS, ownerOf, withLogOf, withOwner } from "../logic/accounts";

const KEY = "stronglog-demo.accounts";
/** Where an earlier version stored the address of the only account. */
const EMAIL_KEY = "stronglog-demo.email";

function read(): Accounts {
  const kept = localStorage.getItem(KEY);
  if (kept !== null) {
    return JSON.parse(kept) as Accounts;
  }
  const email = localStorage.getItem(EMAIL_KEY);
  return email === null ? NO_ACCOUNTS : withOwner(NO_ACCOUNTS, email);
}

const write = (accounts: Accounts): void => localStorage.setItem(KEY, JSON.stringify(accounts));

/** The local database that this page uses. */
export const currentDatabase = (): string => read().current;

/** The address of the account that owns the log, if one has signed in. */
export const currentOwner = (): string | undefined => ownerOf(read());

/** Whether this address belongs to an account other than the log's own. */
export const isAnotherAccount = (email: string): boolean => isAnother(read(), email);

/** Records that this account has signed in. */
export const rememberOwner = (email: string): void => write(withOwner(read(), email));

/** Opens the log of another account: reloads the page with the database of that account. */
export function openLogOf(email: string): void {
  write(withLogOf(read(), email));
  location.reload();
}
