// Elects one tab of a database as its leader. A Web Lock identifies the leader. A silent leader, frozen or not, loses the lock to another
// tab; the holder's marker in the database (store.ts) prevents a former leader that wakes up from writing. So does a leader of an older
// version of the app, whose tab may stay open for weeks.

/** The interval at which a leader reports that it is alive. */
export const BEAT_MS = 1_000;
/**
 * The silence after which another tab takes the lock. A frozen leader is replaced within 5 s: this delay, the jitter below and the start.
 */
const SILENCE_MS_MAX = 3_000;
/** Jitter for tabs that notice the same silence. */
const JITTER_MS = 500;
/** The longest delay between two attempts to start while they fail. */
const RETRY_MS_MAX = 30_000;

/** What a tab does while it leads. */
export interface Leadership {
  /** Begins to lead. Returns a function that ends it. */
  readonly lead: () => Promise<() => void>;
  /** Reports that the leader is alive. */
  readonly beat: () => void;
  /** The tab lost the leadership, or could not begin to lead. */
  readonly lost: (reason: unknown) => void;
}

export class LeaderElection {
  private lastBeatAt = performance.now();
  /** Ends the leadership; defined while this tab leads. */
  private leave: (() => void) | undefined;
  /** Withdraws the request for the lock. Undefined while this tab does not want to lead. */
  private lockRequest: AbortController | undefined;
  private failures = 0;
  private readonly watch: ReturnType<typeof setInterval>;
  private watchedAt = performance.now();

  constructor(
    private readonly lock: string,
    private readonly leadership: Leadership,
  ) {
    const silenceMsMax = SILENCE_MS_MAX + Math.random() * JITTER_MS;
    this.watch = setInterval(() => {
      const now = performance.now();
      // A tab that was frozen itself has received nothing, so its silence says nothing about the leader.
      this.lastBeatAt = now - this.watchedAt > 2 * BEAT_MS ? now : this.lastBeatAt;
      this.watchedAt = now;
      if (this.leave !== undefined) {
        this.leadership.beat();
      } else if (this.lockRequest !== undefined && now - this.lastBeatAt > silenceMsMax) {
        this.requestLock({ steal: true });
      }
    }, BEAT_MS);
  }

  /** Takes part in the election, and waits while another tab leads. */
  enter(): void {
    if (this.lockRequest === undefined) {
      this.requestLock({});
    }
  }

  /** Records that the leader has reported that it is alive. Replaces it if it is older than this tab, unless this tab cannot lead. */
  heardLeader(isOlder: boolean): void {
    this.lastBeatAt = performance.now();
    if (isOlder && this.lockRequest !== undefined && this.leave === undefined && this.failures === 0) {
      this.requestLock({ steal: true });
    }
  }

  /** Gives up the leadership, and does not take part in the election again until {@link enter}. */
  stepDown(): void {
    this.lockRequest?.abort();
    this.lockRequest = undefined;
    this.leave?.();
  }

  end(): void {
    clearInterval(this.watch);
    this.stepDown();
  }

  private requestLock(options: { readonly steal?: true }): void {
    this.lockRequest?.abort();
    const lockRequest = new AbortController();
    this.lockRequest = lockRequest;
    this.lastBeatAt = performance.now();
    // A request that steals the lock must not have a signal; it does not wait either.
    const request: LockOptions = options.steal ? { steal: true } : { signal: lockRequest.signal };
    void navigator.locks
      .request(this.lock, request, () => this.hold(lockRequest))
      .catch((reason: unknown) => {
        // The request was withdrawn, another tab that had not heard of this one stole the lock, or this tab could not begin to lead.
        this.leave?.();
        this.lastBeatAt = performance.now();
        this.leadership.lost(reason);
      })
      .then(() => new Promise((resolve) => setTimeout(resolve, this.retryMs())))
      .then(() => {
        if (this.lockRequest === lockRequest) {
          this.requestLock({});
        }
      });
  }

  private retryMs(): number {
    return Math.min(BEAT_MS * 2 ** Math.max(0, this.failures - 1), RETRY_MS_MAX);
  }

  /** Leads while the lock is held. */
  private async hold(lockRequest: AbortController): Promise<void> {
    if (this.lockRequest !== lockRequest) {
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
