// The set-up of tests that sync: one server and one browser per file, a gate and fresh profiles for each test.

import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Browser, BrowserContext } from "playwright-core";
import { Gate, launch, StrongLogServer } from "./stage.js";

export class Play {
  readonly server: StrongLogServer;
  /** The gate in front of the server, open during a test. */
  gate!: Gate;
  /** The address of the page, through the gate. */
  url!: string;
  private browser!: Browser;
  private contexts: BrowserContext[] = [];
  private accounts = 0;

  /**
   * Prepares the tests of a file, whose accounts are named after it. `options` and `pages` override the defaults of the server and of the
   * served pages.
   */
  constructor(
    private readonly name: string,
    { server = [], pages }: { readonly server?: readonly string[]; readonly pages?: string } = {},
  ) {
    this.server = new StrongLogServer(server);
    beforeAll(async () => {
      await this.server.start();
      this.browser = await launch();
    });
    afterAll(async () => {
      await this.browser.close();
      await this.server.end();
    });
    beforeEach(async () => {
      this.gate = new Gate(this.server, pages);
      this.url = await this.gate.open();
    });
    afterEach(async () => {
      await Promise.all(this.contexts.map((context) => context.close()));
      this.contexts = [];
      this.gate.close();
    });
  }

  /** A fresh browser profile. */
  async profile(): Promise<BrowserContext> {
    const context = await this.browser.newContext();
    this.contexts.push(context);
    return context;
  }

  /** The address of an account that does not exist yet. */
  account(): string {
    this.accounts += 1;
    return `${this.name}-${this.accounts}@example.com`;
  }
}
