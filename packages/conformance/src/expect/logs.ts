import type { Attributes, SpanContext } from '@opentelemetry/api';
import * as api from '@opentelemetry/api';

/** A log record as tests compare it. */
export interface PlainLog {
  readonly eventName: string | undefined;
  readonly severityNumber: number | undefined;
  readonly attributes: Attributes;
  readonly span: { readonly traceId: string; readonly spanId: string } | undefined;
  readonly scope: { readonly name: string; readonly version: string | undefined };
}

interface LogsApi {
  setGlobalLoggerProvider(provider: unknown): unknown;
  disable(): void;
}

interface EmittedLog {
  readonly eventName?: string;
  readonly severityNumber?: number;
  readonly attributes: Attributes;
  readonly spanContext?: SpanContext;
  readonly instrumentationScope: { readonly name: string; readonly version?: string };
}

/** The API's logs, which version 1.9 does not have. */
const logs = (api as { logs?: LogsApi }).logs;

/** True when the loaded API has logs. */
export const HAS_LOGS: boolean = logs !== undefined;

/**
 * Registers a logger provider of the real SDK while `run` runs, where the API has logs; returns what was
 * emitted.
 */
export async function withRecordedLogs(run: () => Promise<void>): Promise<readonly PlainLog[]> {
  const emitted: PlainLog[] = [];
  if (logs === undefined) {
    await run();
    return emitted;
  }
  const onEmit = (record: EmittedLog): void => {
    const { eventName, severityNumber, attributes, spanContext, instrumentationScope: scope } = record;
    const span = spanContext && { traceId: spanContext.traceId, spanId: spanContext.spanId };
    emitted.push({
      eventName,
      severityNumber,
      attributes,
      span,
      scope: { name: scope.name, version: scope.version },
    });
  };
  // Belongs to SDK line 3, which must not be loaded beside line 2.
  const { LoggerProvider } = await import('opentelemetry-sdk-logs-3');
  const processor = { onEmit, forceFlush: async () => {}, shutdown: async () => {} };
  logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [processor as never] }));
  try {
    await run();
  } finally {
    logs.disable();
  }
  return emitted;
}
