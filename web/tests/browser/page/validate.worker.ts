// Validates the same page of the feed in three ways, in turns: with the engine, with plain Zod parsing, and with the predicates of the
// generated schemas.

import { parseEach } from "../../../../generated/typescript/runtime/each.js";
import { FeedPageSchema } from "../../../../generated/typescript/schemas.js";
import init, { validatePage } from "../../../engine/pkg/engine.js";

/** The fastest of this many rounds counts, because other load on the machine can only slow a round down. */
const ROUNDS = 25;

/** Parses every part as Zod does, without the predicates that the generated schemas run first (see the runtime's `predicate.ts`). */
const AS_ZOD: object = { collecting: true };

self.onmessage = async ({ data }: MessageEvent<Uint8Array>) => {
  await init();
  const byRust: number[] = [];
  const byZod: number[] = [];
  const byTests: number[] = [];
  let rejected = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    let began = performance.now();
    rejected += validatePage(data);
    byRust.push(performance.now() - began);
    began = performance.now();
    const parsed = FeedPageSchema.safeParse(JSON.parse(new TextDecoder().decode(data)), AS_ZOD);
    byZod.push(performance.now() - began);
    rejected += parsed.success ? 0 : 1;
    began = performance.now();
    const separated = parseEach(FeedPageSchema, JSON.parse(new TextDecoder().decode(data)));
    byTests.push(performance.now() - began);
    rejected += separated.valid ? separated.refused.length : 1;
  }
  self.postMessage({ rustMs: Math.min(...byRust), zodMs: Math.min(...byZod), testsMs: Math.min(...byTests), rejected });
};
