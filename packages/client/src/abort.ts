/** Names of the errors with which callers give a request up: the platform's, and those of axios and got. */
const ABORTS: ReadonlySet<unknown> = new Set(['AbortError', 'CanceledError', 'CancelError']);

/**
 * Tells whether a request ended because its caller gave it up; what a timeout ends is a failure.
 *
 * @param signal - the caller's signal where it is known: its reason can be anything.
 */
export function isAbort(error: unknown, signal?: AbortSignal | null): boolean {
  const { name, cause } = toldBy(error);
  // Node wraps the reason of the signal.
  if (name === 'TimeoutError' || toldBy(cause).name === 'TimeoutError') return false;
  return signal?.aborted === true || ABORTS.has(name);
}

interface Told {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** What an error tells of itself: nothing, where one of its properties throws itself. */
export function toldBy(error: unknown): Told {
  try {
    const { name, code, message, cause } = Object(error) as Told;
    return { name, code, message, cause };
  } catch {
    return {};
  }
}
