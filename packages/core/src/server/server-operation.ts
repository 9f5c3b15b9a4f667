import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { ResponseOutcome } from '../http/outcome.js';
import type { Messages, OpenMessageSpans } from '../messages/messages.js';

/**
 * The kinds of operation:
 *
 * - `owned`: we started the server span, so we end it and record the metrics.
 * - `joined`: another instrumentation, or an outer registration of ours, started the span and ends it. We add route, hooks,
 *   captured headers and the exception.
 * - `resumed`: the request is over but its connection is not, as with a WebSocket. Only its context and its messages are left.
 * - `excluded`: the handler runs with tracing suppressed, and there is nothing else to do.
 */
export type OperationKind = 'owned' | 'joined' | 'resumed' | 'excluded';

/** The work that an operation needs from its adapter. Every `false` is work that can be skipped. */
export interface OperationNeeds {
  /** {@link ServerOperation.commit} must be called while response headers can still be set. */
  readonly head: boolean;
  /** {@link ServerOperation.end} must be given the body sizes of {@link ResponseOutcome}. */
  readonly bodySizes: boolean;
  /** {@link ServerOperation.messages} must be shown the chunks of the request body. */
  readonly receives: boolean;
  /** {@link ServerOperation.messages} must be shown the chunks of the response body. */
  readonly sends: boolean;
}

/** The needs of most requests. */
export const NO_NEEDS: OperationNeeds = Object.freeze({
  head: false,
  bodySizes: false,
  receives: false,
  sends: false,
});

/**
 * The life of one request: started by the instrumentation, run by the adapter, ended once.
 *
 * An adapter activates it with `run`, reports what it learns with `setRoute` and `recordError`, calls `commit` when the
 * response head is about to be sent if `needs.head` is true, and calls `end` when the response is closed.
 */
export interface ServerOperation<Res> {
  /** The part that this operation plays. For an `excluded` one, `run` is all that an adapter has to call. */
  readonly kind: OperationKind;
  /** The server span; not recording when the request is not sampled. */
  readonly span: Span;
  /** The context of the request, which holds the span and the remote baggage. */
  readonly context: Context;
  /** The work that the adapter has to do for this operation. */
  readonly needs: OperationNeeds;
  /** True once `end` has been called. Operations that have nothing to end, `resumed` and `excluded`, stay false. */
  readonly ended: boolean;
  /** Calls `requestHook`, then `handler`, in the operation's context; returns what `handler` returns. */
  run<T>(handler: () => T): T;
  /**
   * Calls `continuation` in the operation's context, for code that starts outside it, such as listeners on a socket. Leaves
   * the active context alone if it is the operation's or derived from it.
   */
  resume<T>(continuation: () => T): T;
  /** Sets the route template. The last call before the end wins; `undefined` withdraws an earlier one. */
  setRoute(route: string | undefined): void;
  /** Reports what was thrown. The first error wins; the status that is sent decides whether the request failed. */
  recordError(error: unknown): void;
  /** Runs the response propagator and `responseHook`. Call it while headers can still be set. */
  commit(response: Res): void;
  /**
   * Starts counting the messages of this request for hooks and message spans. Call it once, if `needs` asks for messages.
   *
   * @param linked - true for messages that follow the end of the span, such as those of a WebSocket. Their spans are linked to
   * it: a received message begins a trace of its own, a sent one is a child of the span it is sent within. Default: false,
   * and message spans are children of the server span.
   */
  messages(linked?: boolean): Messages;
  /** Ends the span and records the metrics. Later calls are ignored. Without a response, no status code is recorded. */
  end(response?: Res, outcome?: ResponseOutcome): void;
}

/** An operation as seen by code that only has to run in its context. */
export type ResumableOperation = Pick<ServerOperation<never>, 'resume'>;

/** The current request, as `serverRequest()` describes it while it is being served. */
export interface ServerRequest {
  /** The framework that serves it, as environment variables name it: `express`, `node-http`. */
  readonly framework: string;
  /** The route template; `undefined` until a route has matched. */
  readonly route: string | undefined;
}

/** One registration's view of the request it serves. */
export interface Registration {
  readonly framework: string;
  /** Asks the router for the route, where routers have to be asked. */
  askRoute(): string | undefined;
}

/** The part of an operation that handlers, and further registrations on the same request, can reach. */
export interface RequestScope {
  readonly span: Span;
  readonly tracer: Tracer;
  /** The spans of the messages being passed right now, shared by all registrations. */
  readonly openMessageSpans: OpenMessageSpans;
  /** Sets a route that wins over the router's. */
  setUserRoute(route: string): void;
  addMetricAttributes(attributes: Attributes): void;
  /** Describes the request as far as it is known by now. */
  describe(): ServerRequest;
  /** Makes a registration that is nearer to the router the one that knows framework and route. */
  setInnermost(registration: Registration): void;
  /** Adds a registration to those of this request; false if it is one of them already. */
  register(registration: object): boolean;
}

/** An operation that traces: the one that is kept with its request for later registrations to find. */
export type LiveOperation = ServerOperation<unknown> &
  RequestScope & { readonly kind: Exclude<OperationKind, 'excluded'> };
