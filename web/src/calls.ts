// The calls from a page to the leading worker. Every call settles: it gets an answer, or it is rejected when there is no worker to answer
// it.

import type { Message, Method } from "./channel.js";
import { errorText } from "./error.js";
import { newId } from "./id.js";

interface WaitingCall {
  readonly message: Extract<Message, { say: "call" }>;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

export class Calls {
  private readonly waiting = new Map<string, WaitingCall>();

  constructor(private readonly post: (message: Message) => void) {}

  ask<T>(method: Method, given: readonly unknown[]): Promise<T> {
    const id = newId();
    const message = { say: "call", id, method, arguments: given } as const;
    return new Promise<T>((resolve, reject) => {
      try {
        this.post(message);
      } catch (error) {
        // An argument that cannot be cloned could not be sent to the next leader either.
        reject(new Error(`cannot call ${method}: an argument cannot be sent to the worker (${errorText(error)}); pass plain values`));
        return;
      }
      this.waiting.set(id, { message, resolve, reject });
    });
  }

  answered({ id, result, error }: Extract<Message, { say: "answer" }>): void {
    const call = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) {
      call?.resolve(result as never);
    } else {
      call?.reject(new Error(error));
    }
  }

  /** Sends the calls to a new leader. A leader that has already answered a call does not carry it out again. */
  repeat(): void {
    this.waiting.forEach(({ message }) => this.post(message));
  }

  /** Rejects all calls, because no worker will answer them. */
  rejectAll(reason: string): void {
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    calls.forEach(({ message, reject }) => reject(new Error(`cannot call ${message.method}: ${reason}`)));
  }
}
