import type { Attributes, SpanOptions } from '@opentelemetry/api';
import { context, propagation, SpanKind } from '@opentelemetry/api';
import type { HttpRequestGetter, HttpResponseGetter } from '../http/getter.js';
import { captureHeaders } from '../http/headers.js';
import { knownMethods, methodInName, normalizedMethod } from '../http/method.js';
import type { Instruments } from '../http/metrics.js';
import { createInstruments } from '../http/metrics.js';
import type { RequestLine } from '../http/request-attributes.js';
import { describeConnection, requestAttributes } from '../http/request-attributes.js';
import { pathOf } from '../http/request-target.js';
import { wallClock } from '../otel/clock.js';
import { meterSource } from '../otel/meter.js';
import type { RpcMetadata } from '../otel/rpc-metadata.js';
import { isTracingSuppressed } from '../otel/suppression.js';
import { isIdle, tracerSource } from '../otel/tracer.js';
import { EXCLUDED } from './excluded.js';
import { claimServerSpan, JoinedSpanOperation, NestedOperation } from './joined-span.js';
import type { HttpServerOptions } from './options.js';
import { OwnedSpanOperation } from './owned-span.js';
import { asNewRoot } from './public-endpoint.js';
import { EXTRACTION_ROOT } from './request-context.js';
import { ResumedOperation } from './resumed.js';
import type { ServerRules } from './rules.js';
import { compileRules } from './rules.js';
import type { LiveOperation, ResumableOperation, ServerOperation } from './server-operation.js';

/** An adapter's part of an instrumentation: how its framework's requests are read, and the user's options. */
export interface HttpServerInstrumentationConfig<Req, Res, Source = Req> {
  /** Name and version of the adapter's package, which become the instrumentation scope. */
  readonly scope: { readonly name: string; readonly version: string };
  /** The framework as environment variables name it: `express`, `node-http`. */
  readonly framework: string;
  /** Reads requests; a function chooses the getter, for frameworks that run on several servers. */
  readonly request: HttpRequestGetter<Source> | ((source: Source) => HttpRequestGetter<Source>);
  /**
   * Maps the framework's request to the object that the getter reads. Called once per request. Hooks and predicates still
   * receive the framework's request. Default: the request itself.
   */
  readonly source?: (request: Req) => Source;
  readonly response: HttpResponseGetter<Res>;
  /**
   * Returns the template of the route being served, for routers that do not announce a match but can be asked. It serves code
   * that runs inside the request; the adapter still calls `setRoute` at the end.
   */
  readonly currentRoute?: ((request: Req) => string | undefined) | undefined;
  readonly options?: HttpServerOptions<Req, Res> | undefined;
  /** Names of the adapter's own options, which it checks and reads itself. */
  readonly adapterOptions?: readonly string[];
  /**
   * True if what is served outlives its request, as a WebSocket does. The operation of another registration is then resumed
   * after its end, for its context and for messages. Default: false.
   */
  readonly resumesEndedOperations?: boolean;
}

/** Starts one operation per request. */
export interface HttpServerInstrumentation<Req, Res> {
  /**
   * Starts the operation of a request: excludes, extracts the remote parent, starts the server span, in this order.
   *
   * Returns `undefined` if the handler can simply be called: no SDK is registered, tracing is suppressed, or this very
   * instrumentation has started the request already. Never throws, whatever bytes the request holds.
   */
  start(request: Req): ServerOperation<Res> | undefined;
}

/**
 * Keeps the operation on the request itself, so that a second registration finds it in whatever context it runs. A property
 * is cheaper than an entry of a `WeakMap`, which costs the garbage collector several microseconds.
 */
const OPERATION: unique symbol = Symbol.for('otel-middleware.operation.v1');

/** The object that is the same for every registration on a request, and on which its operation is kept. */
interface Identity {
  [OPERATION]?: LiveOperation | typeof EXCLUDED;
}

/**
 * Finds the operation that was started on a request, for an adapter that keeps state of its own with it. Returns `undefined`
 * for a request that is not traced.
 *
 * @param inherited - true to accept the operation of an object that the request was derived from.
 */
export function operationOn(request: object, inherited: boolean): object | undefined {
  if (!inherited && !Object.hasOwn(request, OPERATION)) return undefined;
  const operation = (request as Identity)[OPERATION];
  return operation === EXCLUDED ? undefined : operation;
}

/** Finds the operation in whose context the events of a request belong; that of an excluded request suppresses tracing. */
export function findContext(request: object): ResumableOperation | undefined {
  return (request as Identity)[OPERATION];
}

/**
 * Creates the instrumentation of one application. Options and environment are read and validated once, here.
 *
 * @throws TypeError when an option is unknown or ill-typed; the message names the option and the cure.
 */
export function createHttpServerInstrumentation<Req, Res, Source = Req>(
  config: HttpServerInstrumentationConfig<Req, Res, Source>,
): HttpServerInstrumentation<Req, Res> {
  return new Instrumentation(config);
}

class Instrumentation<Req, Res, Source> implements HttpServerInstrumentation<Req, Res> {
  readonly #getterOf: (source: Source) => HttpRequestGetter<Source>;
  readonly #source: (request: Req) => Source;
  readonly #rules: ServerRules<Req, Res>;
  readonly #knownMethods: ReadonlySet<string> = knownMethods();
  readonly #tracer: ReturnType<typeof tracerSource>;
  readonly #instruments: () => Instruments;
  readonly #resumesEndedOperations: boolean;

  constructor(config: HttpServerInstrumentationConfig<Req, Res, Source>) {
    const { scope, request, source = (request) => request as unknown as Source } = config;
    const rules = compileRules(config);
    this.#getterOf = typeof request === 'function' ? request : () => request;
    this.#source = source;
    this.#rules = rules;
    this.#tracer = tracerSource(scope, rules.tracerProvider);
    this.#instruments = meterSource(scope, rules.meterProvider, (meter) =>
      createInstruments(meter, rules.optIn),
    );
    this.#resumesEndedOperations = config.resumesEndedOperations === true;
  }

  start(request: Req): ServerOperation<Res> | undefined {
    try {
      return this.#start(request);
    } catch (error) {
      // The user's sampler or span processor may throw; the request must not pay for it.
      this.#rules.reportFailure(error);
      return undefined;
    }
  }

  #start(request: Req): ServerOperation<Res> | undefined {
    const instruments = this.#instruments();
    if (isIdle(this.#rules, instruments.enabled)) return undefined;
    const source = this.#source(request);
    const getter = this.#getterOf(source);
    const target = getter.target(source);
    const path = pathOf(target);
    const identity = getter.identity(source) as Identity;
    if (this.#rules.isExcluded?.(request, path) || getter.isExcluded?.(source)) {
      // If another registration has started the request, it has a span to end, so the request stays its own.
      identity[OPERATION] ??= EXCLUDED;
      return EXCLUDED;
    }
    const active = context.active();
    if (isTracingSuppressed(active)) return undefined;
    const outer = identity[OPERATION];
    if (outer !== undefined)
      return outer.kind === 'excluded' ? undefined : this.#nested(outer, request, source, getter);
    const metadata = claimServerSpan(active, identity);
    const operation =
      metadata === undefined
        ? this.#owned(request, source, getter, target, path, instruments)
        : this.#joined(metadata, request, source, getter);
    identity[OPERATION] = operation;
    return operation;
  }

  #owned(
    request: Req,
    source: Source,
    getter: HttpRequestGetter<Source>,
    target: string,
    path: string,
    instruments: Instruments,
  ): OwnedSpanOperation<Req, Res> {
    const { propagator = propagation, isPublic } = this.#rules;
    const originalMethod = getter.method(source);
    const line: RequestLine = {
      method: normalizedMethod(originalMethod, this.#knownMethods),
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
    if (isPublic?.(request)) parent = asNewRoot(parent, options);
    const method = methodInName(line.method);
    const name = line.route === undefined ? method : `${method} ${line.route}`;
    const tracer = this.#tracer();
    const span = tracer.startSpan(name, options, parent);
    if (span.isRecording()) describeConnection(span, source, getter, line);
    return new OwnedSpanOperation(
      { span, tracer, request, owner: this, rules: this.#rules },
      { parent, line, name, startTime, started, attributes, instruments },
    );
  }

  #joined(
    metadata: RpcMetadata,
    request: Req,
    source: Source,
    getter: HttpRequestGetter<Source>,
  ): JoinedSpanOperation<Req, Res> {
    const method = methodInName(normalizedMethod(getter.method(source), this.#knownMethods));
    const start = { span: metadata.span, tracer: this.#tracer(), request, owner: this, rules: this.#rules };
    return this.#describeStart(new JoinedSpanOperation(start, metadata, method), source, getter);
  }

  #nested(
    outer: LiveOperation,
    request: Req,
    source: Source,
    getter: HttpRequestGetter<Source>,
  ): NestedOperation<Req, Res> | undefined {
    // The outer operation has ended if a middleware before this registration outlived the client.
    if ((outer.ended && !this.#resumesEndedOperations) || !outer.register(this)) return undefined;
    const start = { span: outer.span, tracer: outer.tracer, request, owner: this, rules: this.#rules };
    if (outer.ended) return new ResumedOperation(start, outer);
    const operation = new NestedOperation<Req, Res>(start, outer);
    if (!this.#resumesEndedOperations) outer.setInnermost(operation);
    return this.#describeStart(operation, source, getter);
  }

  /** Adds route and captured request headers to a span that we have not started. */
  #describeStart<Joined extends ServerOperation<Res>>(
    operation: Joined,
    source: Source,
    getter: HttpRequestGetter<Source>,
  ): Joined {
    const { requestHeaders } = this.#rules;
    if (getter.route !== undefined) operation.setRoute(getter.route(source));
    if (requestHeaders !== undefined && operation.span.isRecording()) {
      const attributes: Attributes = {};
      captureHeaders(requestHeaders, source, getter, attributes);
      operation.span.setAttributes(attributes);
    }
    return operation;
  }
}
