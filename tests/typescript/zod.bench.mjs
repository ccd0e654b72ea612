// Generated Zod schemas against hand-written ones for the same shape, over the same valid records, in turns: `cargo xtask bench FOLDER`.

import { execFileSync } from "node:child_process";
import * as z from "zod";

execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], { stdio: "inherit" });
const { schemas } = await import("./build/contract/index.js");

const id = z.string().max(36).regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u);
const timestamp = z.int().min(0).max(253402300799999);
const text = (max) => z.string().min(1).max(max);
const sync = {
  id,
  clientCreatedAt: timestamp,
  clientUpdatedAt: timestamp,
  isDeleted: z.literal(false),
  serverId: id.exactOptional(),
  serverUpdatedAt: timestamp.exactOptional(),
};
const byHand = z.looseObject({
  ...sync,
  name: text(200),
  isCustom: z.boolean(),
  equipment: text(100).exactOptional(),
  primaryMuscleGroups: z.array(text(100)).max(32).refine((items) => new Set(items).size === items.length).exactOptional(),
  notes: z.string().max(10000).exactOptional(),
  typicalAdvancedSetType: text(100).exactOptional(),
});

const uuid = (index) => `0197536f-69e0-7b1c-9d2e-${index.toString(16).padStart(12, "0")}`;
const records = Array.from({ length: 1000 }, (_, index) => ({
  id: uuid(index),
  clientCreatedAt: 1736150400000 + index,
  clientUpdatedAt: 1736150400000 + index,
  isDeleted: false,
  serverId: uuid(index + 1000),
  serverUpdatedAt: 1749451561204,
  name: `Landmine press ${index}`,
  isCustom: index % 2 === 0,
  equipment: "barbell",
  primaryMuscleGroups: ["shoulders", "triceps", "chest"],
  notes: "Half kneeling, one arm at a time.",
}));
const texts = JSON.stringify(records);

const contenders = {
  "generated schema": () => records.forEach((record) => schemas.ExerciseDefinition.parse(record)),
  "hand-written Zod": () => records.forEach((record) => byHand.parse(record)),
  "JSON.parse alone": () => JSON.parse(texts),
};

const ROUNDS = 200;
const median = (numbers) => [...numbers].sort((one, other) => one - other)[numbers.length >> 1];
const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  const order = Object.entries(contenders);
  // What the one before leaves behind costs each as often.
  for (const [name, run] of round % 2 === 0 ? order : order.reverse()) {
    const start = performance.now();
    run();
    times[name].push(performance.now() - start);
  }
}
const [generated, hand] = [times["generated schema"], times["hand-written Zod"]];
const ratio = median(generated.map((ms, round) => ms / hand[round]));
const best = Math.min(...generated) / Math.min(...hand);
console.log(`\n| 1,000 records, valid; ${ROUNDS} rounds | best, ms | median, ms |\n|---|---|---|`);
Object.entries(times).forEach(([name, rounds]) => console.log(`| ${name} | ${Math.min(...rounds).toFixed(2)} | ${median(rounds).toFixed(2)} |`));
console.log(`| generated to hand-written | ${best.toFixed(2)} | ${ratio.toFixed(2)}, of the rounds' ratios |`);
