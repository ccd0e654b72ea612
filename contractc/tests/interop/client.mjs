// Calls a server with the generated TypeScript client. Usage: node client.mjs URL MODULE
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [baseUrl, path] = process.argv.slice(2);
const { createClient, runtime } = await import(pathToFileURL(path).href);
const clientWith = (key) => createClient({ baseUrl, authorize: runtime.credentials({ APIKeyHeader: key, HTTPBearer: "t0ken" }) });
const client = clientWith("s3cret");

const body = { name: "Tom", kind: "cat", born: null, tags: ["a,b", "ü & 名"], weight: 4.5 };
const added = await client.addPet({ body });
assert.equal(added.status, 201);
assert.deepEqual(added.body, { ...body, id: added.body.id });
assert.equal((await clientWith("wrong").addPet({ body })).status, 401);
await assert.rejects(client.addPet({ body: { ...body, name: "T" } }), { name: "CallError" });

const listed = await client.listPets({ kind: ["cat", "dog"], limit: 5 });
assert.equal(listed.headers.get("x-total"), "1");
assert.deepEqual(listed.body, [added.body]);

const call = { text: "a-b?c=d;e,ü 名%41", words: ["a,b", "c d&e=f", "名"], when: "2024-02-29T12:30:00.5+02:00", xTrace: "a, b", session: "s1" };
const { body: echo } = await client.echo(call);
assert.deepEqual([echo.text, echo.words, echo.trace, echo.session], [call.text, call.words, call.xTrace, call.session]);

const { id } = added.body;
assert.equal((await client.removePet({ id })).status, 204);
const gone = await client.getPet({ id });
assert.deepEqual([gone.status, gone.body], [404, { detail: "no such pet" }]);
