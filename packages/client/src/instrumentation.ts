import type { Attributes, Context, Histogram, TextMapPropagator, Tracer } from '@opentelemetry/api';
import { context, createContextKey, propagation, SpanKind, trace } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_TEMPLATE,
  captureHeaders,
  durationHistogram,
  EVENT_HTTP_CLIENT_REQUEST_EXCEPTION,
  exceptionRecorder,
  failureReport,
  guardedHook,
  isEnabled,
  isIdle,
  isTracingSuppressed,
  knownMethods,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  meterSource,
  methodInName,
  normalizedMethod,
  tracerSource,
  wallClock,
} from '@otel-middleware/core/internal';
import { headerFields } from './header-fields.js';
import type { OperationRules, TraceHeaders } from './operation.js';
import { ClientOperation } from './operation.js';
import type { ClientConfiguration, HttpClientOptions, HttpClientRequest } from './options.js';
import { configureClient } from './options.js';
import { redactText, urlRedaction } from './redaction.js';
import { Resends } from './resends.js';
import { VERSION } from './version.js';

const SCOPE = { name: '@otel-middleware/client', version: VERSION };
const EXCEPTION = { name: EVENT_HTTP_CLIENT_REQUEST_EXCEPTION, severityNumber: 13, severityText: 'WARN' };

/** Marks the context in which a request is sent, so that the layers below it start no span of their own. */
const SENDING = createContextKey('otel-middleware client request v1');

const NO_HEADERS: TraceHeaders = new Map();

/** Starts one operation for each attempt that is to be traced. */
export class HttpClientInstrumentation {
  readonly #configuration: ClientConfiguration;
  readonly #rules: OperationRules;
  readonly #known: ReadonlySet<string> = knownMethods();
  readonly #redactUrl: (url: string) => string = urlRedaction();
  readonly #resends = new Resends();
  readonly #tracer: () => Tracer;
  readonly #traceHeaders: (active: Context) => TraceHeaders;
  readonly #duration: () => { readonly enabled: boolean; readonly histogram: Histogram };
  #inFlight = 0;
  #onIdle: (() => void) | undefined;

  /** @throws TypeError when an option is unknown or ill-typed, naming it and the cure. */
  constructor(options: HttpClientOptions) {
    const configuration = configureClient(SCOPE.name, options);
    this.#configuration = configuration;
    this.#rules = {
      ...configuration,
      resends: this.#resends,
      recordException: exceptionRecorder(SCOPE, EXCEPTION, redactText),
      reportFailure: failureReport(SCOPE.name),
      onEnd: () => {
        this.#inFlight--;
        if (this.#inFlight === 0) this.#onIdle?.();
      },
    };
    this.#traceHeaders = guardedHook(
      'propagator',
      traceHeaders(configuration.propagator ?? propagation),
      NO_HEADERS,
    );
    this.#tracer = tracerSource(SCOPE, configuration.tracerProvider);
    this.#duration = meterSource(SCOPE, configuration.meterProvider, (meter) => ({
      enabled: isEnabled(meter),
      histogram: durationHistogram(
        meter,
        METRIC_HTTP_CLIENT_REQUEST_DURATION,
        'Duration of HTTP client requests.',
      ),
    }));
  }

  /** Starts the span of a request; `undefined` when it is not to be traced. Never throws. */
  start(request: HttpClientRequest): ClientOperation | undefined {
    try {
      const url = this.#tracedUrl(request);
      if (url === undefined) return undefined;
      const operation = new ClientOperation(this.#attempt(request, url), this.#rules);
      this.#inFlight++;
      this.#callRequestHook(operation);
      return operation;
    } catch (error) {
      // A sampler or a span processor of the user's may throw; the request must not pay for it.
      this.#rules.reportFailure(error);
      return undefined;
    }
  }

  /** Tells whether {@link start} would start a span. */
  traces(request: HttpClientRequest): boolean {
    return this.#tracedUrl(request) !== undefined;
  }

  /** Calls `listener` as soon as no operation is under way. */
  whenIdle(listener: () => void): void {
    this.#onIdle = listener;
    if (this.#inFlight === 0) listener();
  }

  #tracedUrl(request: HttpClientRequest): URL | undefined {
    const active = context.active();
    if (isIdle(this.#configuration, this.#duration().enabled) || isTracingSuppressed(active))
      return undefined;
    if (active.getValue(SENDING) === true || !URL.canParse(request.url)) return undefined;
    const url = new URL(request.url);
    if (!/^https?:$/.test(url.protocol) || isExport(request)) return undefined;
    return this.#configuration.excluded?.(request, url.pathname) ? undefined : url;
  }

  #attempt(request: HttpClientRequest, url: URL): ClientOperation['attempt'] {
    const startTime = wallClock();
    const started = performance.now();
    const line = { parent: context.active(), method: request.method, url };
    const sent = { ...line, resendCount: this.#resends.countOf(line) };
    const method = normalizedMethod(request.method, this.#known);
    const attributes = this.#attributes(request, url, method, sent.resendCount);
    const template = attributes[ATTR_URL_TEMPLATE];
    const name = template === undefined ? methodInName(method) : `${methodInName(method)} ${template}`;
    const span = this.#tracer().startSpan(
      name,
      { kind: SpanKind.CLIENT, attributes, startTime },
      sent.parent,
    );
    const active = trace.setSpan(sent.parent, span).setValue(SENDING, true);
    const traceHeaders = this.#configuration.propagatesTo(url.origin)
      ? this.#traceHeaders(active)
      : NO_HEADERS;
    const duration = this.#duration().histogram;
    return {
      ...sent,
      span,
      context: active,
      request,
      attributes,
      startTime,
      started,
      duration,
      traceHeaders,
    };
  }

  #attributes(request: HttpClientRequest, url: URL, method: string, resendCount: number): Attributes {
    const { requestHeaders, urlTemplate } = this.#configuration;
    const attributes: Attributes = {
      [ATTR_HTTP_REQUEST_METHOD]: method,
      [ATTR_SERVER_ADDRESS]: url.hostname.replace(/^\[|\]$/g, ''),
      [ATTR_SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      [ATTR_URL_FULL]: this.#redactUrl(request.url),
    };
    if (method !== request.method) attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = request.method;
    if (resendCount > 0) attributes[ATTR_HTTP_REQUEST_RESEND_COUNT] = resendCount;
    const template: unknown = urlTemplate?.(request);
    if (typeof template === 'string' && template !== '') attributes[ATTR_URL_TEMPLATE] = template;
    if (requestHeaders !== undefined)
      captureHeaders(requestHeaders, request.headers, headerFields, attributes);
    return attributes;
  }

  #callRequestHook({ attempt: { span, context: active, request } }: ClientOperation): void {
    const { requestHook } = this.#configuration;
    if (requestHook !== undefined && span.isRecording())
      context.with(active, () => requestHook(span, request));
  }
}

/** Makes what the propagator writes, in place of all that it could have written into an older request. */
function traceHeaders(propagator: TextMapPropagator): (active: Context) => TraceHeaders {
  return (active) => {
    const headers = new Map<string, string | undefined>();
    for (const field of propagator.fields()) headers.set(field.toLowerCase(), undefined);
    propagator.inject(active, headers, {
      set: (carrier, name, value) => carrier.set(name.toLowerCase(), value),
    });
    return headers;
  };
}

/** Tells the requests of exporters, which would beget spans for ever where no context manager carries their suppression. */
function isExport({ headers }: HttpClientRequest): boolean {
  return headers.get('user-agent')?.startsWith('OTel-OTLP-Exporter') === true;
}
