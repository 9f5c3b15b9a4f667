import type { Readable } from 'node:stream';
import type { TextMapPropagator, Tracer, TracerProvider } from '@opentelemetry/api';
import type { ActiveSpan } from './active-span.js';

/**
 * A response as handlers of the fixture application give it; the adapter sends it in its framework's own way.
 */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Readable;
}

/** What a handler reads of its request. */
export interface ApplicationRequest {
  /** The request target as the client sent it. */
  readonly target: string;
  /** The body as the framework's usual parser has read it. */
  readonly body?: unknown;
}

/** What handlers reach of the application that they belong to. */
export interface HandlerContext {
  readonly tracer: Tracer;
  readonly tracerProvider: TracerProvider;
  readonly propagator: TextMapPropagator;
  /** What listeners of Node's request and response found active, by event. */
  readonly heard: Record<string, ActiveSpan | null>;
  /** Chunks that bodies have produced. */
  produced: number;
}
