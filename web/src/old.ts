// Reads and deletes the app's database from before sync, with IndexedDB itself: Dexie would create, upgrade or wait for it.

/** The content of a database. */
export interface OldContent {
  readonly version: number;
  readonly tables: readonly OldContentTable[];
}

export interface OldContentTable {
  readonly name: string;
  readonly keys: readonly unknown[];
  readonly values: readonly unknown[];
}

/** How long other tabs may take to close the old database before it counts as in use. */
export const CLOSE_MS_MAX = 1_000;
/** How long a database may take to open. It waits for other tabs that change or delete it. */
export const OPEN_OLD_MS_MAX = 8_000;

/** Reads a database, unless there is none or it does not open in time. */
export function readOldDatabase(name: string, msMax: number): Promise<OldContent | "absent" | "inUse"> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve("inUse"), msMax);
    const request = indexedDB.open(name);
    let isAbsent = false;
    request.onupgradeneeded = () => {
      isAbsent = true;
      request.transaction?.abort();
    };
    request.onerror = (event) => {
      event.preventDefault();
      clearTimeout(timer);
      if (isAbsent) {
        resolve("absent");
      } else {
        reject(new Error(`cannot open the old database ${JSON.stringify(name)}: ${request.error?.message ?? "the browser gave no reason"}`));
      }
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
      database.onversionchange = () => database.close();
      const names = [...database.objectStoreNames];
      const content = names.length === 0 ? Promise.resolve({ version: database.version, tables: [] }) : contentOf(database.transaction(names));
      content.finally(() => database.close()).then(resolve, reject);
    };
  });
}

/**
 * Deletes a database if `isCopied` accepts its content. That is decided and done in one transaction, while no tab has the database open, so
 * that nothing can be written in between. If a tab has it open, the same is done when that tab is closed; this function does not wait for it.
 */
export function deleteOldDatabase(name: string, version: number, isCopied: (content: OldContent) => boolean): Promise<"deleted" | "inUse" | "kept"> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve("inUse"), CLOSE_MS_MAX);
    const request = indexedDB.open(name, version + 1);
    request.onupgradeneeded = () => {
      const { transaction, result } = request;
      if (transaction === null) {
        return;
      }
      contentOf(transaction)
        .then((content) => (isCopied(content) ? content.tables.forEach((table) => result.deleteObjectStore(table.name)) : transaction.abort()))
        .catch(() => transaction.abort());
    };
    request.onerror = (event) => {
      // Another tab has upgraded the database in the meantime, or its content differs.
      event.preventDefault();
      clearTimeout(timer);
      resolve("kept");
    };
    request.onsuccess = () => {
      request.result.close();
      const deletion = indexedDB.deleteDatabase(name);
      deletion.onsuccess = () => {
        clearTimeout(timer);
        resolve("deleted");
      };
      deletion.onerror = () =>
        reject(new Error(`cannot delete the old database ${JSON.stringify(name)}: ${deletion.error?.message ?? "the browser gave no reason"}; everything in it is copied`));
    };
  });
}

/** Reads everything in the transaction, and makes no other request. */
async function contentOf(transaction: IDBTransaction): Promise<OldContent> {
  const tables = [...transaction.objectStoreNames].map(async (name): Promise<OldContentTable> => {
    const store = transaction.objectStore(name);
    const [keys, values] = await Promise.all([resultOf(store.getAllKeys()), resultOf(store.getAll() as IDBRequest<unknown[]>)]);
    return { name, keys, values };
  });
  return { version: transaction.db.version, tables: await Promise.all(tables) };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(request.error?.message ?? "the browser gave no reason"));
  });
}
