import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import { captureHeaders } from '../http/headers.js';
import type { ResponseOutcome } from '../http/outcome.js';
import type { Messages, OpenMessageSpans } from '../messages/messages.js';
import { messagesOf, UNSEEN_MESSAGES } from '../messages/messages.js';
import type { CaughtError } from '../otel/exceptions.js';
import { OPERATION_KEY } from './request-context.js';
import type { ServerRules } from './rules.js';
import type {
  OperationKind,
  OperationNeeds,
  Registration,
  RequestScope,
  ServerOperation,
  ServerRequest,
} from './server-operation.js';

/** The values that every operation starts with. */
export interface OperationStart<Req, Res> {
  readonly span: Span;
  readonly tracer: Tracer;
  readonly request: Req;
  /** The registration that started the operation. */
  readonly owner: object;
  readonly rules: ServerRules<Req, Res>;
}

/**
 * The common part of all operations that trace: it runs the hooks, keeps the route and the error it is given, and ends
 * once. Each kind has its own {@link finish}.
 */
export abstract class Operation<Req, Res> implements ServerOperation<Res>, RequestScope, Registration {
  abstract readonly kind: Exclude<OperationKind, 'excluded'>;
  readonly span: Span;
  readonly tracer: Tracer;
  abstract readonly context: Context;
  /** The router's template. Other instrumentations may write it too, as the `route` of RPC metadata. */
  route: string | undefined;
  ended = false;
  readonly request: Req;
  readonly rules: ServerRules<Req, Res>;
  protected readonly recording: boolean;
  protected userRoute: string | undefined;
  protected caught: CaughtError | undefined;
  #committed = false;
  #registrations: object | Set<object>;
  #innermost: Registration = this;
  #openMessageSpans: OpenMessageSpans | undefined;

  constructor({ span, tracer, request, owner, rules }: OperationStart<Req, Res>) {
    this.span = span;
    this.tracer = tracer;
    this.request = request;
    this.rules = rules;
    this.recording = span.isRecording();
    this.#registrations = owner;
  }

  get needs(): OperationNeeds {
    const { owned, joined } = this.rules.needs;
    const needs = this.kind === 'owned' ? owned : joined;
    return this.recording ? needs.recording : needs.nonRecording;
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

  get openMessageSpans(): OpenMessageSpans {
    this.#openMessageSpans ??= {};
    return this.#openMessageSpans;
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
      // This runs in a listener, where an error thrown by the user's span processor would end the process.
      this.rules.reportFailure(error);
    }
  }

  register(registration: object): boolean {
    if (!(this.#registrations instanceof Set)) this.#registrations = new Set([this.#registrations]);
    const registrations = this.#registrations as Set<object>;
    if (registrations.has(registration)) return false;
    registrations.add(registration);
    return true;
  }

  abstract addMetricAttributes(attributes: Attributes): void;

  get framework(): string {
    return this.rules.framework;
  }

  askRoute(): string | undefined {
    return this.rules.currentRoute?.(this.request);
  }

  setInnermost(registration: Registration): void {
    this.#innermost = registration;
  }

  describe(): ServerRequest {
    const { framework } = this.#innermost;
    return { framework, route: this.currentRoute() ?? this.#innermost.askRoute() };
  }

  /** The route as set so far, by the application or by the router. */
  protected currentRoute(): string | undefined {
    return this.userRoute ?? this.route;
  }

  /** Writes the outcome; called once. `time` is the clock reading that ends the request. */
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

/** The span's current name, if its implementation shows it as the SDK's does; the API has no way to read it. */
export function currentName(span: object): string | undefined {
  return (span as { name?: string }).name;
}
