import type { MeterProvider, Span, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type {
  Check,
  ExcludedUrls,
  ExclusionTest,
  HeaderCaptures,
  HeaderOptions,
} from '@otel-middleware/core/internal';
import {
  COMMON_CHECKS,
  compileExcludedUrls,
  compilePatterns,
  configureHeaders,
  excludedByEnvironment,
  guardedHook,
  isFunction,
  validateOptions,
} from '@otel-middleware/core/internal';
import type { HeaderFields } from './header-fields.js';

/** A request on its way out, as hooks and predicates see it, whichever client sends it. */
export interface HttpClientRequest {
  readonly method: string;
  /** Absolute and as it is sent, so nothing is redacted. */
  readonly url: string;
  readonly headers: HeaderFields;
}

/** The head of a response, likewise. */
export interface HttpClientResponse {
  readonly status: number;
  readonly headers: HeaderFields;
}

/** Options of both functions of this package. All are optional; an option beats its environment variable. */
export interface HttpClientOptions extends HeaderOptions {
  /**
   * Requests that are not traced, measured or shown to hooks, and get no trace headers. A string is a regular expression
   * searched in the path; a predicate can ask for the host.
   * Environment: `OTEL_NODE_CLIENT_EXCLUDED_URLS`, else `OTEL_NODE_EXCLUDED_URLS`. Default: none.
   */
  excludedUrls?: ExcludedUrls<HttpClientRequest> | undefined;
  /** Called once per recorded attempt, before it is sent. What it throws is reported through `diag` once. */
  requestHook?: ((span: Span, request: HttpClientRequest) => unknown) | undefined;
  /** Called once per recorded attempt that got a response, when its head has arrived. Guarded likewise. */
  responseHook?:
    | ((span: Span, request: HttpClientRequest, response: HttpClientResponse) => unknown)
    | undefined;
  /**
   * Origins that get trace headers: whole ones such as `https://api.example.com`, or regular expressions searched in the
   * origin. Requests to others are traced all the same. Default: all.
   */
  propagateTo?: readonly (string | RegExp)[] | undefined;
  /**
   * The template that a URL was made from, such as `/users/{id}`; recorded as `url.template` on span and metric, and in
   * the span's name. Must be of low cardinality. Default: none.
   */
  urlTemplate?: ((request: HttpClientRequest) => string | undefined) | undefined;
  /** Default: the global one, looked up with each request. */
  tracerProvider?: TracerProvider | undefined;
  /** Default: the global one, looked up with each request. */
  meterProvider?: MeterProvider | undefined;
  /** Injects the trace headers. Default: the global one. */
  propagator?: TextMapPropagator | undefined;
}

const isOrigin = (value: unknown): boolean =>
  value instanceof RegExp ||
  (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value);

const CHECKS: Record<keyof HttpClientOptions, Check> = {
  ...COMMON_CHECKS,
  propagateTo: [
    (value) => Array.isArray(value) && value.every(isOrigin),
    'an array of origins, such as https://api.example.com without a path, or regular expressions',
  ],
  urlTemplate: [isFunction, 'a function from a request to its template'],
};

/** The options and the environment, merged, validated and compiled into what a request needs. */
export interface ClientConfiguration extends HeaderCaptures {
  readonly excluded: ExclusionTest<HttpClientRequest> | undefined;
  readonly requestHook: HttpClientOptions['requestHook'];
  readonly responseHook: HttpClientOptions['responseHook'];
  readonly urlTemplate: HttpClientOptions['urlTemplate'];
  readonly propagatesTo: (origin: string) => boolean;
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly propagator: TextMapPropagator | undefined;
}

/**
 * Merges and validates options and environment.
 *
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure.
 */
export function configureClient(owner: string, options: HttpClientOptions): ClientConfiguration {
  validateOptions(owner, options, CHECKS);
  const { requestHook, responseHook, urlTemplate, propagateTo } = options;
  // Without the state that `g` and `y` bring.
  const origins = propagateTo?.map((origin) =>
    typeof origin === 'string' ? origin : new RegExp(origin.source, origin.flags.replace(/[gy]/g, '')),
  );
  return {
    ...configureHeaders(owner, 'CLIENT', options),
    excluded: compilePatterns(owner, 'excludedUrls', () =>
      compileExcludedUrls(options.excludedUrls ?? excludedByEnvironment('client')),
    ),
    requestHook: requestHook && guardedHook('requestHook', requestHook, undefined),
    responseHook: responseHook && guardedHook('responseHook', responseHook, undefined),
    urlTemplate: urlTemplate && guardedHook('urlTemplate', urlTemplate, undefined),
    propagatesTo: (origin) =>
      origins?.some((each) => (typeof each === 'string' ? each === origin : each.test(origin))) ?? true,
    tracerProvider: options.tracerProvider,
    meterProvider: options.meterProvider,
    propagator: options.propagator,
  };
}
