import { defineConfig } from "vitest/config";

// One browser at a time: these tests measure, and two cores are few.
export default defineConfig({
  test: { include: ["tests/browser/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
});
