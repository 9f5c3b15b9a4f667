import type { TextMapPropagator } from '@opentelemetry/api';
import type { EndpointName } from '../fixture/endpoints.js';
import type { InstrumentFetch } from '../fixture/handler-contract.js';
import type { AdapterUnderTest } from '../requirements/requirement.js';
import type { Deployment, Served } from './deployment.js';

/**
 * Reasons why an adapter leaves something out, by the id of a requirement or the full name of one of its tests.
 */
export type Gaps = Readonly<Record<string, string>>;

/** The framework's own request and response, as hooks and predicates are given them. */
export interface NativeObjects {
  isRequest(value: unknown): boolean;
  isResponse(value: unknown): boolean;
  /** Reads a header of the framework's request. */
  requestHeader(request: unknown, name: string): string | null | undefined;
  /** Sets a header of the framework's response. */
  setResponseHeader(response: unknown, name: string, value: string): void;
}

/**
 * The packages of this repository that an outbound request goes through. They are tested with the suite's
 * own parts, so the suite cannot depend on them: the adapter's package does.
 */
export interface Outbound {
  /** `instrumentFetch` of `@otel-middleware/client`. */
  readonly instrumentFetch: InstrumentFetch;
  /** A `TraceContextPropagator` of `@otel-middleware/sdk`. */
  readonly propagator: TextMapPropagator;
}

/** An adapter as the suite sees it. */
export interface Adapter {
  readonly adapter: AdapterUnderTest;
  /** Builds the application with every endpoint, registers the middleware, and lets it listen. */
  serve(deployment: Deployment): Promise<Served>;
  readonly native: NativeObjects;
  readonly outbound: Outbound;
  readonly gaps?: Gaps;
  /** Routes in the framework's own syntax, where they are not those of the endpoint tables. */
  readonly templates?: Readonly<Partial<Record<EndpointName, string | undefined>>>;
  /** Status codes that the framework answers with, where they are not those of the endpoint tables. */
  readonly statuses?: Readonly<Partial<Record<EndpointName, number>>>;
  /** Attributes that the substrate does not show. */
  readonly cannotKnow?: readonly string[];
  /**
   * `unseen` when errors that the application's own error handler answers do not pass the middleware.
   * Default: `seen`.
   */
  readonly handledErrors?: 'seen' | 'unseen';
  /** True when the framework has routed before the span is started. */
  readonly routeAtStart?: boolean;
}
