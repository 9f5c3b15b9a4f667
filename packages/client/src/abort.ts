/** Names of the errors with which callers give a request up: the platform's, and those of axios and got. */
const ABORTS: ReadonlySet<unknown> = new Set(['AbortError', 'CanceledError', 'CancelError']);

/**
 * Tells whether a request ended because its caller gave it up; what a timeout ends is a failure.
 *
 * @param signal - the caller's signal where it is known: its reason can be anything.
 */
export function isAbort(error: unknown, signal?: AbortSignal | null): boolean {
  const { name, cause } = errorFields(error);
  // Node wraps the reason of the signal.
  if (name === 'TimeoutError' || errorFields(cause).name === 'TimeoutError') return false;
  return signal?.aborted === true || ABORTS.has(name);
}

interface ErrorFields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** Reads the fields of an error; empty if one of its properties throws. */
export function errorFields(error: unknown): ErrorFields {
  try {
    const { name, code, message, cause } = Object(error) as ErrorFields;
    return { name, code, message, cause };
  } catch {
    return {};
  }
}
