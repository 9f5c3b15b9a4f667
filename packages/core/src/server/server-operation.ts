import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { ResponseOutcome } from '../http/outcome.js';
import type { Messages, MessagesUnderway } from '../messages/messages.js';

/** What an adapter has to watch for this operation's sake. Every `false` is work that it can save. */
export interface Observations {
  /** {@link ServerOperation.commit} must be called while response headers can still be set. */
  readonly head: boolean;
  /** The body sizes of {@link ResponseOutcome} are wanted. */
  readonly bodySizes: boolean;
  /** The chunks of the request body are wanted by {@link ServerOperation.messages}. */
  readonly receives: boolean;
  /** The chunks of the response body likewise. */
  readonly sends: boolean;
}

/** What there is to watch of most requests. */
export const UNOBSERVED: Observations = Object.freeze({
  head: false,
  bodySizes: false,
  receives: false,
  sends: false,
});

/**
 * The life of one request: started by the instrumentation, run by the adapter, ended once.
 *
 * An adapter activates it with `run`, hands in what it learns with `setRoute` and `recordError`, calls `commit` when
 * the response head is about to be sent if `observes.head` says so, and `end` when the response is closed.
 */
export interface ServerOperation<Res> {
  /** The server span; not recording when the request is not sampled. */
  readonly span: Span;
  /** The context of the request, with the span and the remote baggage in it. */
  readonly context: Context;
  /** What the adapter has to watch. */
  readonly observes: Observations;
  /** True from the call of `end` on, and always for an excluded request, of which there is nothing to end. */
  readonly ended: boolean;
  /** True when the span is somebody else's, which ends it: listen for the response's end before they do. */
  readonly enriches: boolean;
  /** Calls `handler` with the operation's context active, after `requestHook`; returns what it returns. */
  run<T>(handler: () => T): T;
  /**
   * Calls `continuation` in the operation's context, for what runs outside of it, such as the events of a socket. Where that
   * context, or one derived from it, is active already, it stays.
   */
  resume<T>(continuation: () => T): T;
  /** Tells the route template; the last one before the end counts. `undefined` takes an earlier one back. */
  setRoute(route: string | undefined): void;
  /** Tells what was thrown. The first error counts; the status that is sent decides whether it was a failure. */
  recordError(error: unknown): void;
  /** Runs the response propagator and `responseHook`; to be called while headers can still be set. */
  commit(response: Res): void;
  /**
   * Starts counting the messages of this request, for hooks and message spans; to be called once, if `observes` says so.
   *
   * @param linked - whether they come after the end of the span, as those of a WebSocket do: message spans are then linked to
   * it, begin traces of their own when they are received, and are children of what they are sent within. Otherwise they are
   * the span's children. Default: false.
   */
  messages(linked?: boolean): Messages;
  /** Ends the span and records the metrics. Later calls are ignored. Without a response no status code is recorded. */
  end(response?: Res, outcome?: ResponseOutcome): void;
}

/** What is known of a request while it is served. */
export interface ServerRequest {
  /** The framework that serves it, as environment variables name it: `express`, `node-http`. */
  readonly framework: string;
  /** The template of its route; `undefined` as long as none has matched. */
  readonly route: string | undefined;
}

/** A registration, as it knows the request that it serves. */
export interface Registration {
  readonly framework: string;
  /** Asks the router for the route, if it is one that has to be asked. */
  askRoute(): string | undefined;
}

/** What code inside the request, and further registrations on it, reach of an operation. */
export interface RequestScope {
  readonly span: Span;
  readonly tracer: Tracer;
  /** The messages that are being passed, for all registrations. */
  readonly underway: MessagesUnderway;
  /** Takes a route that wins over the router's. */
  setUserRoute(route: string): void;
  addMetricAttributes(attributes: Attributes): void;
  /** What is known by now. */
  describe(): ServerRequest;
  /** Takes a registration that is nearer to the router, and knows the framework and the route better. */
  servedBy(registration: Registration): void;
  /** True the first time that `registration` asks; the one that started the operation is known from the start. */
  admits(registration: object): boolean;
}
