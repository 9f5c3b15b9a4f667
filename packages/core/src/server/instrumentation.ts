import type { Attributes, SpanOptions } from '@opentelemetry/api';
import { context, propagation, SpanKind } from '@opentelemetry/api';
import type { HttpRequestGetter, HttpResponseGetter } from '../http/getter.js';
import { captureHeaders } from '../http/headers.js';
import { knownMethods, methodInName, normalizedMethod } from '../http/method.js';
import type { Instruments } from '../http/metrics.js';
import { createInstruments } from '../http/metrics.js';
import type { RequestLine } from '../http/request-attributes.js';
import { describeConnection, requestAttributes } from '../http/request-attributes.js';
import { pathOf, queryRedaction } from '../http/request-target.js';
import { responseSetter } from '../http/response-propagators.js';
import { wallClock } from '../otel/clock.js';
import { exceptionRecorder, SERVER_EXCEPTION } from '../otel/exceptions.js';
import { failureReport } from '../otel/hooks.js';
import { meterSource } from '../otel/meter.js';
import type { RpcMetadata } from '../otel/rpc-metadata.js';
import { isTracingSuppressed } from '../otel/suppression.js';
import { isIdle, tracerSource } from '../otel/tracer.js';
import { EXCLUDED } from './excluded.js';
import { NestedOperation, UpstreamOperation, upstreamMetadata } from './joined-span.js';
import { responsePropagation } from './operation.js';
import type { HttpServerOptions } from './options.js';
import type { ServerSpanRules } from './owned-span.js';
import { observations, ServerSpanOperation } from './owned-span.js';
import { asNewRoot } from './public-endpoint.js';
import { EXTRACTION_ROOT } from './request-context.js';
import { OutlivingOperation } from './resumed.js';
import type { ServerConfiguration } from './rules.js';
import { configure } from './rules.js';
import type { RequestScope, ServerOperation } from './server-operation.js';

/** What an adapter gives to core: how its framework's requests are read, and the user's options. */
export interface HttpServerInstrumentationConfig<Req, Res, Source = Req> {
  /** Name and version of the adapter's package, which become the instrumentation scope. */
  readonly scope: { readonly name: string; readonly version: string };
  /** The framework as environment variables name it: `express`, `node-http`. */
  readonly framework: string;
  readonly request: HttpRequestGetter<Source>;
  /**
   * What of a request the getter reads, where that is found out, or read, but once: some frameworks have requests of several
   * kinds, or make them slow to read. Hooks and predicates still receive the request. Default: the request itself.
   */
  readonly source?: (request: Req) => Source;
  readonly response: HttpResponseGetter<Res>;
  /**
   * The template of the route that is being served, for routers that do not tell when they match but can be asked. It is
   * for code inside the request; the adapter still calls `setRoute`, at the end.
   */
  readonly currentRoute?: ((request: Req) => string | undefined) | undefined;
  readonly options?: HttpServerOptions<Req, Res> | undefined;
  /** Names of the adapter's own options, which it checks and reads itself. */
  readonly adapterOptions?: readonly string[];
  /**
   * Whether what is served outlives its request, as WebSockets do: the operation of another registration is then joined after
   * its end, too, for its context and for messages. Default: false.
   */
  readonly outlives?: boolean;
}

/** Starts one operation per request. */
export interface HttpServerInstrumentation<Req, Res> {
  /**
   * Starts the operation of a request: excludes, extracts the remote parent, starts the server span, in this order.
   *
   * Returns `undefined` when there is nothing to do but to call the handler: no SDK is registered, tracing is suppressed,
   * or this very instrumentation has started the request already. Never throws, whatever bytes the request holds.
   */
  start(request: Req): ServerOperation<Res> | undefined;
}

/**
 * Remembers the operation on the request itself, so that a second registration finds it in whatever context it runs. A
 * property is cheaper than an entry of a `WeakMap`, which costs the collector several microseconds.
 */
const OPERATION: unique symbol = Symbol.for('otel-middleware.operation.v1');

interface Carrier {
  [OPERATION]?: (ServerOperation<unknown> & RequestScope) | typeof EXCLUDED;
}

/**
 * The operation that was started on a request, for an adapter that keeps something of its own with it; `undefined` for one
 * that is not traced.
 *
 * @param inherited - whether that of an object which the request was derived from will do, too.
 */
export function operationOn(request: object, inherited: boolean): object | undefined {
  if (!inherited && !Object.hasOwn(request, OPERATION)) return undefined;
  const operation = (request as Carrier)[OPERATION];
  return operation === EXCLUDED ? undefined : operation;
}

/** The operation in whose context the events of a request belong, that of excluded requests included. */
export function resumableOn(request: object): Pick<ServerOperation<never>, 'resume'> | undefined {
  return (request as Carrier)[OPERATION];
}

/**
 * Creates the instrumentation of one application, from options and environment that are read and validated once.
 *
 * @throws TypeError when an option is unknown or ill-typed; the message names the option and the cure.
 */
export function createHttpServerInstrumentation<Req, Res, Source = Req>(
  config: HttpServerInstrumentationConfig<Req, Res, Source>,
): HttpServerInstrumentation<Req, Res> {
  return new Instrumentation(config);
}

class Instrumentation<Req, Res, Source> implements HttpServerInstrumentation<Req, Res> {
  readonly #getter: HttpRequestGetter<Source>;
  readonly #source: (request: Req) => Source;
  readonly #configuration: ServerConfiguration<Req, Res>;
  readonly #rules: ServerSpanRules<Req, Res>;
  readonly #known: ReadonlySet<string> = knownMethods();
  readonly #tracer: ReturnType<typeof tracerSource>;
  readonly #instruments: () => Instruments;
  readonly #outlives: boolean;

  constructor({
    scope,
    framework,
    request,
    source = (request) => request as unknown as Source,
    response,
    currentRoute,
    options = {},
    adapterOptions = [],
    outlives = false,
  }: HttpServerInstrumentationConfig<Req, Res, Source>) {
    const configuration = configure(scope.name, framework, options, adapterOptions);
    const { responsePropagator } = configuration;
    this.#getter = request;
    this.#source = source;
    this.#outlives = outlives;
    this.#configuration = configuration;
    this.#rules = {
      ...configuration,
      framework,
      currentRoute,
      response,
      redactQuery: queryRedaction(),
      recordException: exceptionRecorder(scope, SERVER_EXCEPTION),
      propagateResponse:
        responsePropagator && responsePropagation(responsePropagator, responseSetter(response)),
      reportFailure: failureReport(scope.name),
      observes: observations(configuration),
    };
    this.#tracer = tracerSource(scope, configuration.tracerProvider);
    this.#instruments = meterSource(scope, configuration.meterProvider, (meter) =>
      createInstruments(meter, configuration.optIn),
    );
  }

  start(request: Req): ServerOperation<Res> | undefined {
    try {
      return this.#start(request);
    } catch (error) {
      // A sampler or a span processor of the user's may throw; the request must not pay for it.
      this.#rules.reportFailure(error);
      return undefined;
    }
  }

  #start(request: Req): ServerOperation<Res> | undefined {
    const instruments = this.#instruments();
    if (isIdle(this.#configuration, instruments.enabled)) return undefined;
    const source = this.#source(request);
    const target = this.#getter.target(source);
    const path = pathOf(target);
    const carrier = this.#getter.carrier(source) as Carrier;
    if (this.#configuration.excluded?.(request, path) || this.#getter.isExcluded?.(source)) {
      // Inside of another registration the request stays the other's, which has a span to end.
      carrier[OPERATION] ??= EXCLUDED;
      return EXCLUDED;
    }
    const active = context.active();
    if (isTracingSuppressed(active)) return undefined;
    const outer = carrier[OPERATION];
    if (outer !== undefined) return 'admits' in outer ? this.#nested(outer, request, source) : undefined;
    const upstream = upstreamMetadata(active, carrier);
    const operation =
      upstream === undefined
        ? this.#serverSpan(request, source, target, path, instruments)
        : this.#upstream(upstream, request, source);
    carrier[OPERATION] = operation;
    return operation;
  }

  #serverSpan(
    request: Req,
    source: Source,
    target: string,
    path: string,
    instruments: Instruments,
  ): ServerSpanOperation<Req, Res> {
    const getter = this.#getter;
    const { propagator = propagation, publicEndpoint } = this.#configuration;
    const originalMethod = getter.method(source);
    const line: RequestLine = {
      method: normalizedMethod(originalMethod, this.#known),
      originalMethod,
      scheme: getter.scheme(source),
      protocolVersion: getter.protocolVersion?.(source),
      target,
      path,
      route: getter.route?.(source) || undefined,
    };
    const startTime = wallClock();
    const started = performance.now();
    const attributes = requestAttributes(source, getter, line, this.#rules);
    const options: SpanOptions = { kind: SpanKind.SERVER, attributes, startTime };
    let parent = propagator.extract(EXTRACTION_ROOT, source, getter);
    if (publicEndpoint?.(request)) parent = asNewRoot(parent, options);
    const method = methodInName(line.method);
    const name = line.route === undefined ? method : `${method} ${line.route}`;
    const tracer = this.#tracer();
    const span = tracer.startSpan(name, options, parent);
    if (span.isRecording()) describeConnection(span, source, getter, line);
    return new ServerSpanOperation(
      { span, tracer, request, owner: this, rules: this.#rules },
      { parent, line, name, startTime, started, attributes, instruments },
    );
  }

  #upstream(metadata: RpcMetadata, request: Req, source: Source): UpstreamOperation<Req, Res> {
    const method = methodInName(normalizedMethod(this.#getter.method(source), this.#known));
    const start = { span: metadata.span, tracer: this.#tracer(), request, owner: this, rules: this.#rules };
    return this.#enriching(new UpstreamOperation(start, metadata, method), source);
  }

  #nested(
    outer: ServerOperation<unknown> & RequestScope,
    request: Req,
    source: Source,
  ): NestedOperation<Req, Res> | undefined {
    // One that has ended is still this request's: a middleware before this registration outlived the client.
    if ((outer.ended && !this.#outlives) || !outer.admits(this)) return undefined;
    const start = { span: outer.span, tracer: outer.tracer, request, owner: this, rules: this.#rules };
    if (outer.ended) return new OutlivingOperation(start, outer);
    const operation = new NestedOperation<Req, Res>(start, outer);
    if (!this.#outlives) outer.servedBy(operation);
    return this.#enriching(operation, source);
  }

  /** Brings what is known at the start to a span that somebody else has started. */
  #enriching<Enriching extends ServerOperation<Res>>(operation: Enriching, source: Source): Enriching {
    const { requestHeaders } = this.#configuration;
    if (this.#getter.route !== undefined) operation.setRoute(this.#getter.route(source));
    if (requestHeaders !== undefined && operation.span.isRecording()) {
      const attributes: Attributes = {};
      captureHeaders(requestHeaders, source, this.#getter, attributes);
      operation.span.setAttributes(attributes);
    }
    return operation;
  }
}
