import type { TracerProvider } from '@opentelemetry/api';
import { diag, trace } from '@opentelemetry/api';

/** The object by which Workers and similar platforms let a handler keep an isolate awake. */
interface ExecutionContext {
  waitUntil?: (promise: Promise<unknown>) => void;
}

/** Providers of the SDK can be flushed, and the API's proxy shows the one that is registered. */
interface Flushable extends TracerProvider {
  getDelegate?(): Flushable;
  forceFlush?(): Promise<void>;
}

/**
 * Keeps an isolate awake until a request has ended and its spans are exported, where the platform lets it sleep as soon
 * as the response is sent. Returns the function that tells the end, or `undefined` where there is no such platform.
 *
 * @param execution - what was handed over with the request; it has `waitUntil` on such a platform.
 * @param provider - default: the global one.
 */
export function flushedAtEnd(
  execution: unknown,
  provider: TracerProvider | undefined,
): (() => void) | undefined {
  const platform = execution as ExecutionContext | null | undefined;
  if (typeof platform?.waitUntil !== 'function') return undefined;
  let ended!: () => void;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  platform.waitUntil(end.then(() => flush(provider ?? trace.getTracerProvider())));
  return ended;
}

async function flush(provider: Flushable): Promise<void> {
  try {
    await (provider.getDelegate?.() ?? provider).forceFlush?.();
  } catch (error) {
    diag.error('The spans of a request could not be exported.', error);
  }
}
