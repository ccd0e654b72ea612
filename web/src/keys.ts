// Keys of IndexedDB as texts, which identify the records of the old database in a migration.

/** The text of a key: different keys have different texts. Undefined if the value cannot be a key. */
export function textOfKey(key: unknown): string | undefined {
  if (typeof key === "string") {
    return `text:${key}`;
  }
  if (typeof key === "number") {
    return Number.isNaN(key) ? undefined : `number:${key}`;
  }
  if (Array.isArray(key)) {
    const parts = key.map(textOfKey);
    return parts.includes(undefined) ? undefined : `list:${JSON.stringify(parts)}`;
  }
  if (kindOf(key) === "Date") {
    return `date:${Number(key)}`;
  }
  const bytes = bytesOf(key);
  return bytes && `bytes:${bytes.join()}`;
}

/** The kind of an object, even if it was created in another realm. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function bytesOf(key: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(key)) {
    return new Uint8Array(key.buffer, key.byteOffset, key.byteLength);
  }
  return kindOf(key) === "ArrayBuffer" ? new Uint8Array(key as ArrayBuffer) : undefined;
}

/**
 * The texts of keys that an earlier version stored as JSON. In JSON all byte arrays look alike, and so do a date and its text. A key
 * therefore counts only if no other one of `keys`, the keys of the old database, looks the same.
 */
export function textsOfJson(keys: readonly unknown[]): (json: string) => string | undefined {
  const texts = new Map<string, Set<string>>();
  for (const key of keys) {
    const json = JSON.stringify(key);
    texts.set(json, (texts.get(json) ?? new Set()).add(textOfKey(key) ?? json));
  }
  return (json) => {
    const asRead = textOfKey(JSON.parse(json));
    const [text, another] = texts.get(json) ?? [asRead];
    return asRead === undefined || another !== undefined ? undefined : text;
  };
}
