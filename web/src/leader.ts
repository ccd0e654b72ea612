// Of all tabs of a database one leads. A Web Lock says which; a leader that is not heard of any more loses it, frozen or not, and the mark in
// the database (store.ts) keeps a leader that wakes up again from writing.

/** How often a leader says that it is alive. */
const BEAT_MS = 1_000;
/** After how long a silence its lock is taken away. A frozen leader is replaced within 5 s: this, the chance below and the start. */
const SILENCE_MS_MAX = 3_000;
/** Tabs that hear the same silence do not all act at once. */
const CHANCE_MS = 500;

/** What a candidate does when it leads. */
export interface Role {
  /** Begins to lead. What it returns ends that. */
  readonly lead: () => Promise<() => void>;
  readonly beat: () => void;
  /** The lead is gone, or could not begin. */
  readonly lost: (reason: unknown) => void;
}

export class Candidate {
  private heard = performance.now();
  /** Ends the lead, while there is one. */
  private leave: (() => void) | undefined;
  /** Takes back the request for the lock. Absent while this tab does not want to lead. */
  private standing: AbortController | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  private watched = performance.now();

  constructor(
    private readonly lock: string,
    private readonly role: Role,
  ) {
    const patience = SILENCE_MS_MAX + Math.random() * CHANCE_MS;
    this.watch = setInterval(() => {
      const now = performance.now();
      // Who was frozen has heard nothing meanwhile, and that says nothing about the leader.
      this.heard = now - this.watched > 2 * BEAT_MS ? now : this.heard;
      this.watched = now;
      if (this.leave !== undefined) {
        this.role.beat();
      } else if (this.standing !== undefined && now - this.heard > patience) {
        this.stand({ steal: true });
      }
    }, BEAT_MS);
  }

  /** Stands for the lead, and waits for it if another tab has it. */
  enter(): void {
    if (this.standing === undefined) {
      this.stand({});
    }
  }

  /** A leader was heard of. */
  hear(): void {
    this.heard = performance.now();
  }

  /** Leads no more, and does not stand for it. */
  stepDown(): void {
    this.standing?.abort();
    this.standing = undefined;
    this.leave?.();
  }

  end(): void {
    clearInterval(this.watch);
    this.stepDown();
  }

  private stand(options: { readonly steal?: true }): void {
    this.standing?.abort();
    const standing = new AbortController();
    this.standing = standing;
    this.heard = performance.now();
    // A request that takes the lock away may not have a signal; it does not wait either.
    const request: LockOptions = options.steal ? { steal: true } : { signal: standing.signal };
    void navigator.locks
      .request(this.lock, request, () => this.hold(standing))
      .catch((reason: unknown) => {
        // Taken back, or taken away by a tab that had not heard of us, or this tab could not begin.
        this.leave?.();
        this.heard = performance.now();
        this.role.lost(reason);
      })
      .then(() => new Promise((resolve) => setTimeout(resolve, BEAT_MS)))
      .then(() => {
        if (this.standing === standing) {
          this.stand({});
        }
      });
  }

  /** Leads for as long as the lock is held. */
  private async hold(standing: AbortController): Promise<void> {
    if (this.standing !== standing) {
      return;
    }
    const left = new Promise<void>((resolve) => {
      this.leave = resolve;
    });
    try {
      const end = await this.role.lead();
      await left;
      end();
    } finally {
      this.leave = undefined;
    }
  }
}
