import type { TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
// Jest maps this name to that of the same package of SDK 3, where the provider is called otherwise.
import * as sdk from '@opentelemetry/sdk-trace-node';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const ended: ReadableSpan[] = [];
const { TracerProvider = sdk.NodeTracerProvider } = sdk as { TracerProvider?: typeof sdk.NodeTracerProvider };

/** A provider of the real SDK that keeps its spans in memory, until {@link forgetSpans}. */
export const tracerProvider: ApiTracerProvider = new TracerProvider({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => void ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
});

/** The spans that have ended, when there are as many as expected; what comes right after them is not missed. */
export async function endedSpans(count: number): Promise<readonly ReadableSpan[]> {
  for (let waited = 0; ended.length < count && waited < 2000; waited += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return [...ended];
}

/** Forgets the spans of a test; to be called when its servers have closed, which ends the last of them. */
export function forgetSpans(): void {
  ended.length = 0;
}
