import type { MeterProvider, Span, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { HeaderNames } from '../http/headers.js';
import type { MessageHook } from '../messages/messages.js';
import type { ExcludedUrls } from '../options/excluded-urls.js';
import type { Check } from '../options/option-checks.js';
import { COMMON_CHECKS, HOOK, hasMethod, isFunction, validateOptions } from '../options/option-checks.js';

const OPT_IN = [
  'client.port',
  'http.request.body.size',
  'http.response.body.size',
  'http.server.active_requests',
  'http.server.request.body.size',
  'http.server.response.body.size',
  'network.local.address',
  'network.local.port',
  'network.transport',
  'server.address',
  'server.port',
  'user_agent.synthetic.type',
] as const;

/**
 * Attributes and metrics that are recorded only when named, by their names in the convention. `server.address`,
 * `server.port` and `user_agent.synthetic.type` are added to metrics; the first two are on every span anyway.
 */
export type OptIn = (typeof OPT_IN)[number];

/** A user's hook for the start of a request. */
export type RequestHook<Req> = (span: Span, request: Req) => unknown;

/** A user's hook for the response head. */
export type ResponseHook<Req, Res> = (span: Span, request: Req, response: Res) => unknown;

/** Options of every server adapter. All are optional; an option beats its environment variable. */
export interface HttpServerOptions<Req, Res> {
  /**
   * Requests that are not traced, measured or shown to hooks, and in which nothing else is traced either.
   *
   * A string is a regular expression searched in the path; in place of an array, one string may hold several patterns,
   * separated by commas.
   * Environment: `OTEL_NODE_<FRAMEWORK>_EXCLUDED_URLS`, else `OTEL_NODE_EXCLUDED_URLS`. Default: none.
   */
  excludedUrls?: ExcludedUrls<Req> | undefined;
  /**
   * Request headers to record as `http.request.header.<name>`: names or regular expressions for whole names. `[]` switches
   * the environment's list off. Environment: `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST`. Default: none.
   */
  captureRequestHeaders?: HeaderNames | undefined;
  /** Response headers likewise. Environment: `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE`. */
  captureResponseHeaders?: HeaderNames | undefined;
  /**
   * Headers whose captured values become `[REDACTED]`, searched in the name; added to the defaults, which cover
   * credentials, cookies and keys. Only `replaceDefaults: true` lifts those.
   * Environment: `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS`, always added.
   */
  sanitizeHeaders?: HeaderNames | { readonly replaceDefaults: true; readonly names: HeaderNames } | undefined;
  /**
   * Called once per recorded request, in its context, before the framework's handlers. What it throws is reported through
   * `diag` once and reaches nobody else. Not called for unsampled or excluded requests.
   */
  requestHook?: RequestHook<Req> | undefined;
  /**
   * Called once per recorded request, in its context, when the response head is about to be sent, so that it can add
   * headers; or at the end when no head was sent. Guarded like `requestHook`.
   */
  responseHook?: ResponseHook<Req, Res> | undefined;
  /**
   * Called with each message that arrives, in the request's context: the chunks of the request body as they come from the
   * connection, before any parser reads them; from a WebSocket its messages. What was left unread is shown too; what comes
   * after the end of the response is not. Nothing is buffered. Guarded like `requestHook`. Default: none, and bodies are
   * left alone.
   */
  receiveHook?: MessageHook<Req> | undefined;
  /**
   * Called likewise with each message that is sent: the chunks of the response body as they are written, or the events of a
   * `text/event-stream`. Not called for bodies that are dropped, as those of answers to HEAD.
   */
  sendHook?: MessageHook<Req> | undefined;
  /**
   * True to make an INTERNAL span of each message, named `receive body` or `send event`, which the two hooks are given in place
   * of the server span. Default: false.
   */
  messageSpans?: boolean | undefined;
  /**
   * True, or a predicate, if callers are strangers: a new trace is started with a link to the caller's, and its baggage is
   * dropped. Default: false.
   */
  publicEndpoint?: boolean | ((request: Req) => boolean) | undefined;
  /** Writes the trace into response headers; `serverTimingPropagator` and `traceResponsePropagator`. Default: none. */
  responsePropagator?: TextMapPropagator | undefined;
  /** Opt-in attributes and metrics by their names in the convention. Default: none. */
  optIn?: readonly OptIn[] | undefined;
  /** Default: the global one, looked up with each request. */
  tracerProvider?: TracerProvider | undefined;
  /** Default: the global one, looked up with each request. */
  meterProvider?: MeterProvider | undefined;
  /** Extracts the remote parent. Default: the global one. */
  propagator?: TextMapPropagator | undefined;
}

const CHECKS: Record<keyof HttpServerOptions<unknown, unknown>, Check> = {
  ...COMMON_CHECKS,
  receiveHook: HOOK,
  sendHook: HOOK,
  messageSpans: [(value) => typeof value === 'boolean', 'a boolean'],
  publicEndpoint: [(value) => typeof value === 'boolean' || isFunction(value), 'a boolean or a predicate'],
  responsePropagator: [hasMethod('inject'), 'a TextMapPropagator, such as serverTimingPropagator'],
  optIn: [
    (value) => Array.isArray(value) && value.every((name) => (OPT_IN as readonly unknown[]).includes(name)),
    `an array of these names: ${OPT_IN.join(', ')}`,
  ],
};

/**
 * Checks the options of a server adapter.
 *
 * @param adapterOptions - names of options that the adapter checks itself.
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure.
 */
export function validateServerOptions(
  owner: string,
  options: unknown,
  adapterOptions: readonly string[],
): void {
  validateOptions(owner, options, CHECKS, adapterOptions);
}
