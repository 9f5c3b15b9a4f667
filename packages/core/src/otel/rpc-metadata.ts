import type { Span } from '@opentelemetry/api';
import { createContextKey } from '@opentelemetry/api';

/** The key under which HTTP instrumentations share the server span; equal names make equal keys. */
export const RPC_METADATA_KEY: symbol = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/** The server span as other instrumentations see it. They may set a `route`. */
export interface RpcMetadata {
  readonly type: string;
  readonly span: Span;
  route?: string | undefined;
}
