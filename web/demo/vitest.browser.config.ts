// The tests in a real browser against a real server, one file at a time, because a machine with two cores is too slow for more.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 },
});
