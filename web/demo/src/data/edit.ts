// Edits a record.

import type { Table } from "dexie";
import { db } from "../sync";

/** Changes the current version of a record, so that later changes are kept. A record that was deleted since it was shown stays deleted. */
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
