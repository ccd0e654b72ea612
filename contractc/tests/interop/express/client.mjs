// Calls the server of Express with the generated TypeScript client. Usage: node client.mjs URL MODULE
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [baseUrl, path] = process.argv.slice(2);
const { createClient, headers, runtime } = await import(pathToFileURL(path).href);
const clientWith = (credentials) => createClient({ baseUrl, authorize: runtime.credentials(credentials) });
const client = clientWith({ ApiKey: "k3y", Bearer: "t0ken", Session: "a;b=c ü" });

const call = {
  states: ["lost & found", "packed"],
  ids: [3, 1, 2],
  zones: ["Nord", "Süd"],
  marks: ["a&b", "名"],
  size: { min: 1, max: 20 },
  span: { from: "2024-02-29", to: "2024-03-01" },
  place: { city: "Köln & Bonn", zip: "50667" },
  filter: { any: ["a,b", "c&d=e+f"], not: null },
  text: "a+b c&d=e%41 ü/?#名",
  link: "https://example.com/a?b=c:d@e",
  urgent: false,
  weight: 0.5,
  since: "2024-02-29T12:30:00.5+02:00",
  xTrace: "a, b",
  xHops: [1, 2, 3],
  session: "s 1;ü",
};
const listed = await client.listParcels(call);
assert.equal(listed.status, 200, JSON.stringify(listed.body));
const { xTrace: trace, xHops: hops, since, ...others } = call;
assert.deepEqual(listed.body, { ...others, trace, hops, since: listed.body.since });
assert.equal(Date.parse(listed.body.since), Date.parse(since));
const header = (reply, named) => runtime.readHeader(reply, named).value;
assert.deepEqual([header(listed, headers.xTotal), header(listed, headers.xHops)], [0, [1, 2, 3]]);
const { body: nothing } = await client.listParcels({ ids: [7], states: ["packed"], zones: [] });
// The validator turns an absent deep object into an empty object.
assert.deepEqual(nothing, { ids: [7], states: ["packed"], size: {} });

const parts = [{ kind: "letter", pages: 2 }, { kind: "box", size: { max: 4 } }];
const body = { name: "Tee", state: "packed", grams: 9007199254740991, note: null, parts };
const added = await client.addParcel({ body: { ...body, secret: "s" } });
assert.equal(added.status, 201, JSON.stringify(added.body));
assert.deepEqual(added.body, { ...body, id: added.body.id });
assert.equal(header(added, headers.location), `/parcels/${added.body.id}`);
const again = await client.addParcel({ body });
assert.deepEqual([again.status, again.body], [409, 'there is a parcel "Tee"']);
const rejected = await clientWith({ ApiKey: "wrong" }).addParcel({ body: { ...body, name: "Kaffee" } });
assert.deepEqual([rejected.status, rejected.body.message], [401, "unauthorized"]);
await assert.rejects(client.addParcel({ body: { ...body, name: "T" } }), { name: "CallError", kind: "request" });

const { id } = added.body;
// The validator decodes a list before it splits it, so no item has a comma.
const lines = ["a;b", "c/d", "ü"];
assert.deepEqual((await client.setLabel({ id, lines, body: "für dich\n" })).body, `${lines.join("|")}: für dich\n`);
const way = { route: { from: "Köln & Bonn", to: "a/b;c=d" }, stops: ["a.b", "c/d", "ü"] };
assert.deepEqual((await client.getRoute(way)).body, way);
const photo = new File([new Uint8Array([137, 80, 78, 71, 13, 10, 0, 255])], 'a "b" ü.png', { type: "image/png" });
const kept = await client.addPhoto({ id, body: { photo, caption: "ü\r\n--x" } });
assert.deepEqual([kept.status, kept.body], [201, { name: photo.name, bytes: photo.size, caption: "ü\r\n--x" }]);
const byKey = await clientWith({ QueryKey: "k & y" }).addPhoto({ id, body: { photo } });
assert.equal(byKey.status, 201, JSON.stringify(byKey.body));
assert.deepEqual((await client.getPhoto({ id })).body, new Uint8Array(await photo.arrayBuffer()));
assert.deepEqual((await client.quote({ body: { to: "a&b=c ü+", extras: ["x,y", "z"] } })).body, {
  to: "a&b=c ü+",
  extras: ["x,y", "z"],
});

assert.equal((await clientWith({ Bearer: "t0ken" }).removeParcel({ id })).status, 401, "one scheme of two is not enough");
assert.equal((await clientWith({ Basic: { user: "ana", password: "pä:ss" } }).removeParcel({ id })).status, 204);
const gone = await client.getParcel({ id });
assert.deepEqual([gone.status, gone.body.message], [404, "no such parcel"]);

const busy = await client.getBroken({ how: "status" });
assert.deepEqual([busy.outcome, busy.status, new TextDecoder().decode(busy.body)], ["undeclared", 503, "<h1>busy</h1>"]);
const nothing204 = await client.getBroken({ how: "nothing" });
assert.deepEqual([nothing204.outcome, nothing204.status, nothing204.body.length], ["undeclared", 204, 0]);
const reason = await client.getBroken({ how: "reason" });
assert.deepEqual([reason.outcome, reason.body, new TextDecoder().decode(reason.raw)], [400, undefined, "because"]);
for (const [how, sent] of [["body", '{"id":"one","name":"a","state":"packed"}'], ["text", "not JSON"], ["empty", ""]]) {
  const error = await client.getBroken({ how }).catch((error) => error);
  assert.ok(error instanceof runtime.CallError, `${how}: ${JSON.stringify(error)}`);
  assert.deepEqual([error.kind, error.status, error.headers.get("x-how")], ["response", 200, how]);
  assert.equal(new TextDecoder().decode(error.body), sent);
}
