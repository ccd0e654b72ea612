// The tests in a real browser, against a real server: one file after the other, so that a machine with two cores has time for each.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 },
});
