import { defineConfig } from "vitest/config";

// One browser at a time, because these tests measure, and a machine may have only two cores.
export default defineConfig({
  test: { include: ["tests/browser/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
});
