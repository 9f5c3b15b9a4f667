import { isThenable } from './hooks.js';

/**
 * Calls `task` and handles its outcome, whether it is synchronous or a promise. A synchronous call stays synchronous.
 *
 * @param onValue - maps the value that `task` returns, or that its promise resolves to.
 * @param onError - is shown what `task` throws, or what its promise rejects with. The error is then thrown on, unchanged.
 * @returns what `onValue` returns, or a promise of it. Errors of `onValue` do not reach `onError`.
 */
export function settle<Value, Result>(
  task: () => Value,
  onValue: (value: Awaited<Value>) => Result,
  onError: (error: unknown) => void,
): Result | PromiseLike<Result> {
  const fail = (error: unknown): never => {
    onError(error);
    throw error;
  };
  let result: Value;
  try {
    result = task();
  } catch (error) {
    return fail(error);
  }
  // The promise of the handlers is returned, not the task's own: a query builder would run again for whoever awaits that too.
  return isThenable(result)
    ? (result as PromiseLike<Awaited<Value>>).then(onValue, fail)
    : onValue(result as Awaited<Value>);
}
