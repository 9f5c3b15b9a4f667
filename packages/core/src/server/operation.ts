import type { Attributes, Context, Span, TextMapPropagator, TextMapSetter, Tracer } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import type { HttpResponseGetter } from '../http/getter.js';
import type { HeaderCapture } from '../http/headers.js';
import { captureHeaders } from '../http/headers.js';
import type { ResponseOutcome } from '../http/outcome.js';
import type { MessageRules, Messages, MessagesUnderway } from '../messages/messages.js';
import { messagesOf, UNSEEN_MESSAGES } from '../messages/messages.js';
import type { CaughtError, ExceptionRecorder } from '../otel/exceptions.js';
import { guardedHook } from '../otel/hooks.js';
import { OPERATION_KEY } from './request-context.js';
import type {
  Observations,
  Registration,
  RequestScope,
  ServerOperation,
  ServerRequest,
} from './server-operation.js';

/** What the operations of one instrumentation have in common; compiled once. */
export interface OperationRules<Req, Res> extends MessageRules<Req> {
  /** As in the configuration of the instrumentation. */
  readonly framework: string;
  /** Asks the router for the route that is being served. */
  readonly currentRoute: ((request: Req) => string | undefined) | undefined;
  readonly response: HttpResponseGetter<Res>;
  readonly responseHeaders: HeaderCapture | undefined;
  readonly requestHook: ((span: Span, request: Req) => unknown) | undefined;
  readonly responseHook: ((span: Span, request: Req, response: Res) => unknown) | undefined;
  /** Injects the response propagator's headers; guarded. */
  readonly propagateResponse: ((context: Context, response: Res) => void) | undefined;
  readonly recordException: ExceptionRecorder;
  /** What to watch for a span of one's own, and for somebody else's. */
  readonly observes: { readonly owning: SpanObservations; readonly enriching: SpanObservations };
}

/** What to watch for a recording span, and for one that is not. */
export interface SpanObservations {
  readonly recording: Observations;
  readonly nonRecording: Observations;
}

/** What every operation begins with. */
export interface OperationStart<Req, Res> {
  readonly span: Span;
  readonly tracer: Tracer;
  readonly request: Req;
  /** The registration that started the operation. */
  readonly owner: object;
  readonly rules: OperationRules<Req, Res>;
}

/** The response propagator as operations call it: guarded, with headers appended instead of replaced. */
export function responsePropagation<Res>(
  propagator: TextMapPropagator,
  setter: TextMapSetter<Res>,
): (context: Context, response: Res) => void {
  return guardedHook(
    'responsePropagator',
    (of: Context, response: Res) => propagator.inject(of, response, setter),
    undefined,
  );
}

/**
 * What every operation does alike: it runs the hooks, keeps what it is told of route and error, and ends once. What an
 * end means differs: see {@link finish}.
 */
export abstract class Operation<Req, Res> implements ServerOperation<Res>, RequestScope, Registration {
  readonly span: Span;
  readonly tracer: Tracer;
  abstract readonly context: Context;
  abstract readonly enriches: boolean;
  /** The router's template; other instrumentations may write it too, as the `route` of RPC metadata. */
  route: string | undefined;
  ended = false;
  readonly request: Req;
  readonly rules: OperationRules<Req, Res>;
  protected readonly recording: boolean;
  protected userRoute: string | undefined;
  protected caught: CaughtError | undefined;
  #committed = false;
  #registrations: object | Set<object>;
  #innermost: Registration = this;
  #underway: MessagesUnderway | undefined;

  constructor({ span, tracer, request, owner, rules }: OperationStart<Req, Res>) {
    this.span = span;
    this.tracer = tracer;
    this.request = request;
    this.rules = rules;
    this.recording = span.isRecording();
    this.#registrations = owner;
  }

  get observes(): Observations {
    const { owning, enriching } = this.rules.observes;
    const of = this.enriches ? enriching : owning;
    return this.recording ? of.recording : of.nonRecording;
  }

  run<T>(handler: () => T): T {
    const { requestHook } = this.rules;
    if (requestHook === undefined || !this.recording) return context.with(this.context, handler);
    return context.with(this.context, () => {
      requestHook(this.span, this.request);
      return handler();
    });
  }

  resume<T>(continuation: () => T): T {
    return context.active().getValue(OPERATION_KEY) === this.context.getValue(OPERATION_KEY)
      ? continuation()
      : context.with(this.context, continuation);
  }

  setRoute(route: string | undefined): void {
    this.route = route || undefined;
  }

  setUserRoute(route: string): void {
    this.userRoute = route;
  }

  recordError(error: unknown): void {
    this.caught ??= { error, time: performance.now() };
  }

  commit(response: Res): void {
    if (this.#committed || this.ended) return;
    this.#committed = true;
    this.rules.propagateResponse?.(this.context, response);
    this.#callResponseHook(response);
  }

  get underway(): MessagesUnderway {
    this.#underway ??= {};
    return this.#underway;
  }

  messages(linked = false): Messages {
    return this.recording ? messagesOf(this, linked) : UNSEEN_MESSAGES;
  }

  end(response?: Res, outcome: ResponseOutcome = COMPLETE): void {
    if (this.ended) return;
    this.ended = true;
    const time = performance.now();
    if (response !== undefined && !this.#committed) this.#callResponseHook(response);
    if (outcome.error !== undefined) this.caught = { error: outcome.error, time };
    try {
      this.finish(response, outcome, time);
    } catch (error) {
      // This runs in a listener, where what a span processor of the user's throws would end the process.
      this.rules.reportFailure(error);
    }
  }

  admits(registration: object): boolean {
    if (!(this.#registrations instanceof Set)) this.#registrations = new Set([this.#registrations]);
    const registrations = this.#registrations as Set<object>;
    return registrations.size < registrations.add(registration).size;
  }

  abstract addMetricAttributes(attributes: Attributes): void;

  get framework(): string {
    return this.rules.framework;
  }

  askRoute(): string | undefined {
    return this.rules.currentRoute?.(this.request);
  }

  servedBy(registration: Registration): void {
    this.#innermost = registration;
  }

  describe(): ServerRequest {
    const { framework } = this.#innermost;
    return { framework, route: this.currentRoute() ?? this.#innermost.askRoute() };
  }

  /** The route as far as anybody has told it. */
  protected currentRoute(): string | undefined {
    return this.userRoute ?? this.route;
  }

  /** Writes the outcome; called once. `time` is the reading of the clock that ends the request. */
  protected abstract finish(response: Res | undefined, outcome: ResponseOutcome, time: number): void;

  /** The status code that was sent, if any. */
  protected statusOf(response: Res | undefined): number | undefined {
    return response === undefined ? undefined : this.rules.response.statusCode(response);
  }

  /** Records the captured response headers on the span. */
  protected captureResponseHeaders(response: Res | undefined): void {
    const { responseHeaders } = this.rules;
    if (responseHeaders === undefined || response === undefined) return;
    const attributes: Attributes = {};
    captureHeaders(responseHeaders, response, this.rules.response, attributes);
    this.span.setAttributes(attributes);
  }

  #callResponseHook(response: Res): void {
    const { responseHook } = this.rules;
    if (responseHook === undefined || !this.recording) return;
    context.with(this.context, () => responseHook(this.span, this.request, response));
  }
}

const COMPLETE: ResponseOutcome = Object.freeze({});

/** The span's name at this moment, where the SDK's span shows it; the API has no way to read it. */
export function currentName(span: object): string | undefined {
  return (span as { name?: string }).name;
}
