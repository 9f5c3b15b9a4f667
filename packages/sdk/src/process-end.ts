import type { Pipeline } from './sdk.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Flushes when the process ends by itself, by SIGTERM or by SIGINT; the answer undoes it.
 *
 * A signal that the application does not listen for ends the process as it would have, after a shutdown. One
 * that it does listen for only flushes, and the application decides. Only the first of each signal is taken:
 * a second one finds no listener of ours, and so ends a process whose flush takes too long. `process.exit()`
 * and an uncaught error leave no time for a flush.
 */
export function flushAtProcessEnd({ forceFlush, shutdown }: Pipeline): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    // Off first: a library that counts listeners to learn whether to pass a signal on must not see this one.
    process.removeListener(signal, onSignal);
    if (process.listenerCount(signal) > 0) void forceFlush();
    else void shutdown().then(() => process.kill(process.pid, signal));
  };
  // Once: a flush is itself work, after which the process comes to its end again.
  const onBeforeExit = (): void => void forceFlush();

  // Before the application's listeners, so that one registered with `once` still counts as listening.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  process.once('beforeExit', onBeforeExit);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    process.removeListener('beforeExit', onBeforeExit);
  };
}
