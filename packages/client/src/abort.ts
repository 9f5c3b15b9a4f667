/** Names of the errors with which callers give a request up: the platform's, and those of axios and got. */
const ABORTS: ReadonlySet<unknown> = new Set(['AbortError', 'CanceledError', 'CancelError']);

/**
 * Tells whether a request ended because its caller gave it up; what a timeout ends is a failure.
 *
 * @param signal - the caller's signal where it is known: its reason can be anything.
 */
export function isAbort(error: unknown, signal?: AbortSignal | null): boolean {
  try {
    const { name, cause } = Object(error) as { name?: unknown; cause?: unknown };
    // Node wraps the reason of the signal.
    if (name === 'TimeoutError' || Object(cause).name === 'TimeoutError') return false;
    return signal?.aborted === true || ABORTS.has(name);
  } catch {
    // Its properties may throw themselves.
    return false;
  }
}
