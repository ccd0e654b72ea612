// Validates the same page of the feed as the engine does, as an app with Zod would, and with the quick tests of the generated schemas, in turns.

import { parseEach } from "../../../../generated/typescript/runtime/each.js";
import { FeedPageSchema } from "../../../../generated/typescript/schemas.js";
import init, { judgePage } from "../../../engine/pkg/engine.js";

/** The best of so many: whatever else the machine does only ever slows a round down. */
const ROUNDS = 25;

/** Parses every part as Zod does, without the quick tests that the generated schemas run first (see the runtime's `verdict.ts`). */
const AS_ZOD: object = { telling: true };

self.onmessage = async ({ data }: MessageEvent<Uint8Array>) => {
  await init();
  const byRust: number[] = [];
  const byZod: number[] = [];
  const byTests: number[] = [];
  let refused = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    let began = performance.now();
    refused += judgePage(data);
    byRust.push(performance.now() - began);
    began = performance.now();
    const parsed = FeedPageSchema.safeParse(JSON.parse(new TextDecoder().decode(data)), AS_ZOD);
    byZod.push(performance.now() - began);
    refused += parsed.success ? 0 : 1;
    began = performance.now();
    const judged = parseEach(FeedPageSchema, JSON.parse(new TextDecoder().decode(data)));
    byTests.push(performance.now() - began);
    refused += judged.valid ? judged.refused.length : 1;
  }
  self.postMessage({ rustMs: Math.min(...byRust), zodMs: Math.min(...byZod), testsMs: Math.min(...byTests), refused });
};
