// Elects one tab of a database as its leader. A Web Lock says which one it is. A leader that goes silent, frozen or not, loses the lock to
// another tab; the holder's mark in the database (store.ts) keeps a former leader that wakes up from writing.

/** How often a leader says that it is alive. */
export const BEAT_MS = 1_000;
/** The silence after which another tab takes the lock. A frozen leader is replaced within 5 s: this, the jitter below and the start. */
const SILENCE_MS_MAX = 3_000;
/** Spreads out the tabs that notice the same silence. */
const JITTER_MS = 500;
/** The longest wait between two attempts to start, while each of them fails. */
const RETRY_MS_MAX = 30_000;

/** What a tab does as the leader. */
export interface Leadership {
  /** Begins to lead. The function that it returns ends that. */
  readonly lead: () => Promise<() => void>;
  /** Says that the leader is alive. */
  readonly beat: () => void;
  /** The lead was taken away, or could not begin. */
  readonly lost: (reason: unknown) => void;
}

export class LeaderElection {
  private lastBeatAt = performance.now();
  /** Ends the lead, while there is one. */
  private leave: (() => void) | undefined;
  /** Withdraws the request for the lock. Absent while this tab does not want to lead. */
  private candidacy: AbortController | undefined;
  private failures = 0;
  private readonly watch: ReturnType<typeof setInterval>;
  private watchedAt = performance.now();

  constructor(
    private readonly lock: string,
    private readonly leadership: Leadership,
  ) {
    const patience = SILENCE_MS_MAX + Math.random() * JITTER_MS;
    this.watch = setInterval(() => {
      const now = performance.now();
      // A tab that was frozen itself has heard nothing meanwhile: that says nothing about the leader.
      this.lastBeatAt = now - this.watchedAt > 2 * BEAT_MS ? now : this.lastBeatAt;
      this.watchedAt = now;
      if (this.leave !== undefined) {
        this.leadership.beat();
      } else if (this.candidacy !== undefined && now - this.lastBeatAt > patience) {
        this.stand({ steal: true });
      }
    }, BEAT_MS);
  }

  /** Stands for election, and waits while another tab leads. */
  enter(): void {
    if (this.candidacy === undefined) {
      this.stand({});
    }
  }

  /** The leader has said that it is alive. */
  heardLeader(): void {
    this.lastBeatAt = performance.now();
  }

  /** Gives up the lead, and does not stand again until {@link enter}. */
  stepDown(): void {
    this.candidacy?.abort();
    this.candidacy = undefined;
    this.leave?.();
  }

  end(): void {
    clearInterval(this.watch);
    this.stepDown();
  }

  private stand(options: { readonly steal?: true }): void {
    this.candidacy?.abort();
    const candidacy = new AbortController();
    this.candidacy = candidacy;
    this.lastBeatAt = performance.now();
    // A request that steals the lock may not carry a signal; it does not wait either.
    const request: LockOptions = options.steal ? { steal: true } : { signal: candidacy.signal };
    void navigator.locks
      .request(this.lock, request, () => this.hold(candidacy))
      .catch((reason: unknown) => {
        // Withdrawn, stolen by a tab that had not heard of us, or this tab could not begin to lead.
        this.leave?.();
        this.lastBeatAt = performance.now();
        this.leadership.lost(reason);
      })
      .then(() => new Promise((resolve) => setTimeout(resolve, this.retryMs())))
      .then(() => {
        if (this.candidacy === candidacy) {
          this.stand({});
        }
      });
  }

  private retryMs(): number {
    return Math.min(BEAT_MS * 2 ** Math.max(0, this.failures - 1), RETRY_MS_MAX);
  }

  /** Leads for as long as the lock is held. */
  private async hold(candidacy: AbortController): Promise<void> {
    if (this.candidacy !== candidacy) {
      return;
    }
    const left = new Promise<void>((resolve) => {
      this.leave = resolve;
    });
    this.failures += 1;
    try {
      const end = await this.leadership.lead();
      this.failures = 0;
      await left;
      end();
    } finally {
      this.leave = undefined;
    }
  }
}
