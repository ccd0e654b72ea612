// Server-sent events: a stream is parsed as the HTML standard of the WHATWG says (section 9.2.6).

import type { Invalid } from "./each.js";

/** The fields of an event. */
export interface EventFields {
  /** The type; `message` if the server names none. */
  readonly event: string;
  /** The id of the last event that has one; empty if there is none. */
  readonly id: string;
  /** The lines of data, with line breaks between them. */
  readonly data: string;
}

/** An event. */
export interface ServerEvent<T> extends Omit<EventFields, "data"> {
  /** Read as JSON and validated unless the contract describes text. */
  readonly data: T;
  /** Items of `x-each` arrays that the contract rejects; `data` contains the others. */
  readonly refused: readonly Invalid[];
}

/** Parses a stream, whose bytes may be cut anywhere. An event that the stream does not end is discarded. */
export class Events {
  // The decoder removes a byte order mark.
  readonly #decoder = new TextDecoder();
  #line = "";
  /** Whether the last character was a carriage return, to which a line feed after it belongs. */
  #isAfterReturn = false;
  #event = "";
  #id = "";
  #data: string | undefined;
  /** The id of the last event that had one, for the header `Last-Event-ID` of a new connection; empty if there was none. */
  lastId = "";
  /** How long the server asks to wait before a new connection. */
  retryMs: number | undefined;

  /** Parses the next bytes, and returns the events that they end. */
  push(bytes: Uint8Array): EventFields[] {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") {
      return [];
    }
    const rest = this.#isAfterReturn && text.startsWith("\n") ? text.slice(1) : text;
    this.#isAfterReturn = text.endsWith("\r");
    const [first = "", ...others] = rest.split(/\r\n|\r|\n/);
    this.#line += first;
    return others.flatMap((next) => {
      const event = this.#endLine(this.#line);
      this.#line = next;
      return event === undefined ? [] : [event];
    });
  }

  #endLine(line: string): EventFields | undefined {
    if (line === "") {
      return this.#endEvent();
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "event") {
      this.#event = value;
    } else if (name === "id" && !value.includes("\0")) {
      this.#id = value;
    } else if (name === "retry" && /^[0-9]+$/.test(value)) {
      this.retryMs = Number(value);
    } else if (name === "data") {
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    }
    // Otherwise it is a comment, whose name is empty, or an unknown field.
    return undefined;
  }

  #endEvent(): EventFields | undefined {
    const [event, data] = [this.#event || "message", this.#data];
    [this.#event, this.#data, this.lastId] = ["", undefined, this.#id];
    return data === undefined ? undefined : { event, id: this.#id, data };
  }
}

/**
 * The events of a response, one by one. The stream is read once, and closed when the loop ends. The loop throws a `CallError` if an event
 * violates the contract or the stream breaks off.
 */
export class EventStream<T> implements AsyncIterable<ServerEvent<T>> {
  /** The stream as received, for a program that parses it itself. */
  readonly bytes: ReadableStream<Uint8Array>;
  readonly #events = new Events();
  readonly #read: (data: string) => Pick<ServerEvent<T>, "data" | "refused">;
  readonly #broken: (cause: unknown) => Error;

  constructor(
    bytes: ReadableStream<Uint8Array>,
    read: (data: string) => Pick<ServerEvent<T>, "data" | "refused">,
    broken: (cause: unknown) => Error,
  ) {
    this.bytes = bytes;
    this.#read = read;
    this.#broken = broken;
  }

  /** The id of the last event that had one, for the header `Last-Event-ID` of a new connection; empty if there was none. */
  get lastId(): string {
    return this.#events.lastId;
  }

  /** How long the server asks to wait before a new connection. */
  get retryMs(): number | undefined {
    return this.#events.retryMs;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerEvent<T>, void, undefined> {
    const reader = this.bytes.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((cause: unknown) => {
          throw this.#broken(cause);
        });
        if (done) {
          return;
        }
        for (const event of this.#events.push(value)) {
          yield { ...event, ...this.#read(event.data) };
        }
      }
    } finally {
      // A stream that broke off cannot be closed.
      await reader.cancel().catch(() => undefined);
    }
  }
}
