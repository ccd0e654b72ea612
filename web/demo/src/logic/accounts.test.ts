// Tests which account a database belongs to.

import { expect, test } from "vitest";
import { FIRST_DATABASE, isAnother, NO_ACCOUNTS, ownerOf, withLogOf, withOwner } from "./accounts";

test("the first account takes the log over, and each other one has its own", () => {
  expect(isAnother(NO_ACCOUNTS, "ana@example.com")).toBe(false);
  const ana = withOwner(NO_ACCOUNTS, "Ana@example.com ");
  expect(ownerOf(ana)).toBe("ana@example.com");
  expect(isAnother(ana, "ANA@example.com")).toBe(false);
  expect(isAnother(ana, "ben@example.com")).toBe(true);

  const ben = withLogOf(ana, "ben@example.com");
  expect(ben.current).not.toBe(FIRST_DATABASE);
  expect(ownerOf(ben)).toBe("ben@example.com");
  expect(withLogOf(ben, "ana@example.com").current).toBe(FIRST_DATABASE);
  expect(withLogOf(withLogOf(ben, "ana@example.com"), "ben@example.com").current).toBe(ben.current);
});
