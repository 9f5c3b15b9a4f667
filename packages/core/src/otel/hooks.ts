import { diag } from '@opentelemetry/api';

/**
 * Guards a user's callback: what it throws or rejects with never reaches the request, and is reported through `diag`
 * once per callback, not once per request.
 *
 * @param fallback - what a failed call returns.
 */
export function guardedHook<Args extends unknown[], Result>(
  option: string,
  hook: (...args: Args) => Result,
  fallback: Result,
): (...args: Args) => Result {
  const failed = failureReport(option);
  return (...args) => {
    try {
      const result = hook(...args);
      // One of the arguments is not waited for: Fastify's reply is a thenable, and `reply.header(…)` returns it.
      if (isThenable(result) && !args.includes(result)) observeRejection(result, failed);
      return result;
    } catch (error) {
      failed(error);
      return fallback;
    }
  };
}

/**
 * Makes a predicate fail that answers with a promise, which would be taken for a yes. What is not `true` is a no.
 *
 * @throws TypeError from the predicate that is returned, for {@link guardedHook} to report.
 */
export function synchronous<Req>(predicate: (request: Req) => unknown): (request: Req) => boolean {
  return (request) => {
    const answer = predicate(request);
    if (!isThenable(answer)) return answer === true;
    // Nobody waits for it, and a rejection that nobody handles would end the process.
    observeRejection(answer, () => undefined);
    throw new TypeError('It must return a boolean, not a promise.');
  };
}

/** Not by the `then` of the thenable: those that are no promises may call what they are not given. */
function observeRejection(thenable: PromiseLike<unknown>, onRejected: (reason: unknown) => void): void {
  Promise.resolve(thenable).then(undefined, onRejected);
}

/** Reports the first failure of `source` through `diag`, and no other. */
export function failureReport(source: string): (error: unknown) => void {
  let reported = false;
  return (error) => {
    if (reported) return;
    reported = true;
    diag.warn(`${source} failed; requests go on without it. Further failures are not reported.`, error);
  };
}

/** Tells a promise of any make from other values. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
