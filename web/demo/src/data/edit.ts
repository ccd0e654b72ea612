// Changing a record.

import type { Table } from "dexie";
import { db } from "../sync";

/** Changes a record as it is by now: what was written since it was shown stays. One that was deleted meanwhile stays deleted. */
export async function edit<Live, Written>(
  table: Table<Live, string, Written>,
  id: string,
  change: (record: Live) => Written,
): Promise<void> {
  await db.transaction("rw", table, async () => {
    const record = await table.get(id);
    if (record !== undefined) {
      await table.put(change(record));
    }
  });
}
