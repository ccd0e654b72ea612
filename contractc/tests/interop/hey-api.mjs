// Calls the generated server with the client that hey-api generates. Usage: node hey-api.mjs URL FOLDER
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [baseUrl, folder] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const [sdk, { client }] = [require(`${folder}/index.js`), require(`${folder}/client.gen.js`)];
client.setConfig({ baseUrl, auth: ({ scheme }) => (scheme === "bearer" ? "t0ken" : "s3cret") });

const body = { name: "Rex", kind: "dog", tags: ["a,b", "ü & 名"], weight: 30 };
const added = await sdk.addPet({ body });
assert.equal(added.response.status, 201, JSON.stringify(added.error));
assert.deepEqual(added.data, { ...body, id: added.data.id });
assert.equal((await sdk.addPet({ body: { ...body, name: "R" } })).response.status, 400, "a body that breaks the contract is rejected");
assert.equal((await sdk.addPet({ body, auth: () => "wrong" })).response.status, 401);
assert.deepEqual((await sdk.listPets({ query: { kind: ["cat", "dog"], limit: 5 } })).data, [added.data]);
const words = ["a,b", "c d&e=f", "名"];
const { data: echo } = await sdk.echo({ path: { text: "a/b?c=d;e,ü 名" }, query: { words }, headers: { "x-trace": "a, b" } });
assert.deepEqual([echo.text, echo.words, echo.trace], ["a/b?c=d;e,ü 名", words, "a, b"]);
const path = { id: added.data.id };
assert.equal((await sdk.removePet({ path })).response.status, 204);
const gone = await sdk.getPet({ path });
assert.deepEqual([gone.response.status, gone.error], [404, { detail: "no such pet" }]);
