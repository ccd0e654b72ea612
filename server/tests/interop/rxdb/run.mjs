// RxDB's own replication against the per-collection endpoints: two RxDB databases and a device of the Rust engine edit one account's records,
// offline from each other, and end up with the same. Usage: node run.mjs SERVER DEVICE (the built examples `serve` and `device`).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createRxDatabase } from 'rxdb/plugins/core';
import { replicateRxCollection } from 'rxdb/plugins/replication';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';

const EMAIL = 'sam@example.com';
const PASSWORD = 'correct horse battery staple';

const time = { type: 'number', minimum: 0, maximum: 253402300799999, multipleOf: 1 };
const text = { type: 'string' };
const sync = {
  id: { type: 'string', maxLength: 36 },
  clientCreatedAt: time,
  clientUpdatedAt: time,
  serverId: text,
  serverUpdatedAt: time,
  // The revision that the document is based on. It stays on the device: the server keeps its own.
  rev: { type: 'number' },
};
const schema = (properties) => ({ version: 0, primaryKey: 'id', type: 'object', properties: { ...sync, ...properties } });
const collections = {
  'user-bodyweight-logs': schema({ date: time, weightKg: { type: 'number' } }),
  'exercise-definitions': schema({ name: text, isCustom: { type: 'boolean' }, notes: text }),
  'workout-logs': schema({ name: text, startTime: time, endTime: time, durationMs: { type: 'number' }, notes: text }),
};
const paths = Object.keys(collections);

/** A program that responds to each line with one line. */
function program(command, ...parameters) {
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  return { next, ask: (line) => (child.stdin.write(`${line}\n`), next()), end: () => child.stdin.end() };
}

async function call(url, token, method, body) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** An RxDB database that replicates on request. */
async function device(name, url, token) {
  const database = await createRxDatabase({ name, storage: getRxStorageMemory(), multiInstance: false });
  await database.addCollections(Object.fromEntries(paths.map((path) => [path, { schema: collections[path] }])));
  const id = randomUUID();
  let seq = 0;
  const pull = (path) => ({
    batchSize: 50,
    handler: async (checkpoint, limit) => {
      const since = checkpoint ? `&since=${checkpoint.cursor}` : '';
      const page = await call(`${url}/api/v1/${path}?limit=${limit}${since}`, token, 'GET');
      const documents = page.changes.map((change) => ({ ...change.record, rev: change.rev }));
      return { documents, checkpoint: { cursor: page.nextCursor } };
    },
  });
  const push = (path) => ({
    batchSize: 50,
    handler: async (rows) => {
      const changes = rows.map(({ newDocumentState: { rev, ...record } }) => ({
        op: { id: randomUUID(), deviceId: id, seq: ++seq },
        ...(rev !== undefined && { baseRev: rev }),
        record: record.isDeleted ? tombstone(record) : record,
      }));
      const { outcomes } = await call(`${url}/api/v1/${path}/batch`, token, 'POST', { changes });
      assert.equal(outcomes.length, changes.length);
      for (const outcome of outcomes) assert.notEqual(outcome.outcome, 'rejected', JSON.stringify(outcome));
      // A difference from the sent version is a conflict for RxDB, which then takes the server's version: the winner, or what the server
      // has completed. Otherwise RxDB would have to learn of the server's id and time by a pull, which may come before it has noted what it
      // pushed.
      return outcomes.map(({ winner, rev, serverId, serverUpdatedAt, clientUpdatedAt }, index) =>
        winner ? { ...winner.record, rev: winner.rev } : { ...changes[index].record, serverId, serverUpdatedAt, clientUpdatedAt, rev },
      );
    },
  });
  const replicate = async () => {
    for (const path of paths) {
      const replication = replicateRxCollection({
        replicationIdentifier: `${name}-${path}`, collection: database[path], deletedField: 'isDeleted',
        live: false, retryTime: 100, pull: pull(path), push: push(path),
      });
      replication.error$.subscribe((error) => { throw error; });
      await replication.awaitInitialReplication();
      await replication.cancel();
    }
  };
  return { database, replicate };
}

const tombstone = ({ id, clientCreatedAt, clientUpdatedAt }) => ({ id, clientCreatedAt, clientUpdatedAt, isDeleted: true });
const stamped = (data) => ({ id: randomUUID(), clientCreatedAt: Date.now(), clientUpdatedAt: Date.now(), ...data });
const edited = (document, data) => document.incrementalPatch({ clientUpdatedAt: Math.max(Date.now(), document.clientUpdatedAt + 1), ...data });

async function fill({ database }, count) {
  const start = Date.now();
  for (let index = 0; index < count; index += 1) {
    await database['user-bodyweight-logs'].insert(stamped({ date: start, weightKg: 80 + index / 10 }));
    await database['exercise-definitions'].insert(stamped({ name: `Exercise ${index}`, isCustom: true }));
    await database['workout-logs'].insert(stamped({ startTime: start, endTime: start + 60000, durationMs: 60000 }));
  }
}

const byId = (records) => Object.fromEntries(records.map(({ rev, isDeleted, ...record }) => [record.id, record]).sort());
const held = async ({ database }) => {
  const all = paths.map(async (path) => [path, byId((await database[path].find().exec()).map((document) => document.toJSON()))]);
  return Object.fromEntries(await Promise.all(all));
};

async function served(url, token) {
  const all = paths.map(async (path) => {
    const { changes, hasMore } = await call(`${url}/api/v1/${path}?limit=1000`, token, 'GET');
    assert.equal(hasMore, false);
    return [path, byId(changes.map((change) => change.record).filter((record) => !record.isDeleted))];
  });
  return Object.fromEntries(await Promise.all(all));
}

const [, , serverProgram, deviceProgram] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'stronglog-rxdb-'));
const server = program(serverProgram, folder);
try {
  const url = await server.next();
  const { accessToken } = await call(`${url}/api/v1/auth/register`, undefined, 'POST', { email: EMAIL, password: PASSWORD });
  const [phone, laptop] = [await device('phone', url, accessToken), await device('laptop', url, accessToken)];
  const rust = program(deviceProgram, url, EMAIL, PASSWORD, ...paths);
  const settle = async () => { for (const device of [phone, laptop, phone, laptop, phone]) await device.replicate(); };
  await fill(phone, 120);
  await settle();
  assert.deepEqual(await held(laptop), await held(phone), 'what one device made, the other has');

  // Both edit independently: each edits one document, both edit a third, and one deletes a document that the other edits.
  const on = (device, path) => device.database[path].find({ sort: [{ id: 'asc' }] }).exec();
  const names = [await on(phone, 'exercise-definitions'), await on(laptop, 'exercise-definitions')];
  const pick = (list, id) => list.find((document) => document.id === id);
  const ids = names[0].slice(0, 4).map((document) => document.id);
  await edited(pick(names[0], ids[0]), { notes: 'from the phone' });
  await edited(pick(names[1], ids[1]), { notes: 'from the laptop' });
  await edited(pick(names[0], ids[2]), { notes: 'first' });
  await edited(pick(names[1], ids[2]), { notes: 'second, and later', clientUpdatedAt: Date.now() + 1000 });
  await (await edited(pick(names[0], ids[3]), {})).remove();
  await fill(laptop, 3);
  await settle();

  const [truth, rustRecords] = [await served(url, accessToken), JSON.parse(await rust.ask('sync'))];
  assert.deepEqual(await held(phone), truth, 'the phone has what the server has');
  assert.deepEqual(await held(laptop), truth, 'so has the laptop');
  assert.deepEqual(Object.fromEntries(paths.map((path) => [path, byId(rustRecords[path])])), truth, 'and so has the Rust device');
  assert.equal(truth['exercise-definitions'][ids[0]].notes, 'from the phone');
  assert.equal(truth['exercise-definitions'][ids[1]].notes, 'from the laptop');
  assert.equal(truth['exercise-definitions'][ids[2]].notes, 'second, and later', 'the later edit wins');
  assert.equal(truth['exercise-definitions'][ids[3]], undefined, 'what was deleted stays deleted');
  const counts = paths.map((path) => `${Object.keys(truth[path]).length} ${path}`);
  console.log(`RxDB, twice, and the Rust engine agree on ${counts.join(', ')}`);
  rust.end();
} finally {
  server.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
