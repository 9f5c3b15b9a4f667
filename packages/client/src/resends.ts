import type { Context } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';

/** A request that was sent, and the context of its caller. */
export interface SentRequest {
  readonly parent: Context;
  readonly method: string;
  readonly url: URL;
  /** The number of times that it was sent before. */
  readonly resendCount: number;
}

/** A request that is likely to follow another. */
interface ExpectedRetry {
  readonly key: string;
  readonly resendCount: number;
  readonly deadline: number;
}

/** The time to wait for a retry: clients delay a retry for up to half a minute. */
const RETRY_WINDOW_MILLIS = 60_000;

/** Bounds what is remembered in one context: the one without a span lives as long as the process. */
const MAX_EXPECTED_RETRIES = 100;

/** Methods that clients send again of their own accord. */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'QUERY',
  'TRACE',
]);
const TRANSIENT: ReadonlySet<number> = new Set([401, 407, 408, 425, 429]);

/**
 * Counts how often a request was sent before. No client says so, but what follows a redirect goes to its `Location`, and
 * what repeats a failed request has its method and URL; either in the context of the first.
 */
export class Resends {
  readonly #expectedRetries = new WeakMap<Context, ExpectedRetry[]>();

  /** The value of `http.request.resend_count`; 0 for a first attempt. */
  countOf({ parent, method, url }: Omit<SentRequest, 'resendCount'>): number {
    const expectedRetries = this.#expectedRetries.get(parent);
    if (expectedRetries === undefined) return 0;
    const key = keyOf(method, url);
    const now = performance.now();
    const index = expectedRetries.findIndex((retry) => retry.key === key && retry.deadline > now);
    return index === -1 ? 0 : (expectedRetries.splice(index, 1)[0]?.resendCount ?? 0);
  }

  /** Notes the end of an attempt; `status` is undefined when the network failed. */
  attempted(sent: SentRequest, status: number | undefined, location: string | null | undefined): void {
    const { parent, method, url } = sent;
    if (status !== undefined && status >= 300 && status < 400) {
      const asGet = status === 303 ? method !== 'HEAD' : method === 'POST' && status <= 302;
      if (location && URL.canParse(location, url.href))
        this.#expect(sent, keyOf(asGet ? 'GET' : method, new URL(location, url)));
    } else if (status === undefined || status >= 500 || TRANSIENT.has(status)) {
      // Without a span around them, requests of the whole process share one context: a poll is then no retry.
      if (IDEMPOTENT.has(method) && trace.getSpan(parent) !== undefined)
        this.#expect(sent, keyOf(method, url));
    }
  }

  #expect({ parent, resendCount }: SentRequest, key: string): void {
    const expectedRetries = this.#expectedRetries.get(parent) ?? [];
    this.#expectedRetries.set(parent, expectedRetries);
    expectedRetries.push({
      key,
      resendCount: resendCount + 1,
      deadline: performance.now() + RETRY_WINDOW_MILLIS,
    });
    if (expectedRetries.length > MAX_EXPECTED_RETRIES) expectedRetries.shift();
  }
}

function keyOf(method: string, { origin, pathname, search }: URL): string {
  return `${method} ${origin}${pathname}${search}`;
}
