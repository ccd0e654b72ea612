// What nothing uses, a bundler drops: a page that needs one schema does not carry the contract.

import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/** The code that a module becomes, with the packages left outside. */
async function bundled(source: string): Promise<string> {
  const contract = decodeURIComponent(new URL("../../generated/typescript/index.ts", import.meta.url).pathname);
  const bundle = await rolldown({
    input: "entry",
    external: ["zod"],
    resolve: { extensionAlias: { ".js": [".ts"] } },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : id === "contract" ? contract : null),
        load: (id) => (id === "entry" ? source : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm" });
  return output[0].code;
}

test("one schema is one schema", async () => {
  const whole = await bundled('import * as contract from "contract"; console.log(contract);');
  const one = await bundled('import { RevisionSchema } from "contract"; console.log(RevisionSchema);');
  expect(whole).toContain("WorkoutLogSchema");
  expect(one).toContain("RevisionSchema");
  expect(one).not.toMatch(/WorkoutLog|ProblemSchema|createClient|sha1/);
  // About half of it is the runtime's classes, which parse and test.
  expect(one.length).toBeLessThan(whole.length / 9);
});
