import type { Attributes, Context } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import type { ResponseOutcome } from '../http/outcome.js';
import { failureOf } from '../http/outcome.js';
import type { MessagesUnderway } from '../messages/messages.js';
import type { RpcMetadata } from '../otel/rpc-metadata.js';
import { RPC_METADATA_KEY } from '../otel/rpc-metadata.js';
import { ATTR_HTTP_ROUTE } from '../otel/semconv.js';
import type { OperationStart } from './operation.js';
import { currentName, Operation } from './operation.js';
import { OPERATION_KEY } from './request-context.js';
import type { RequestScope, ServerOperation } from './server-operation.js';

/** Marks metadata as spoken for by one request, so that an in-process request inside it is not taken for it. */
const CLAIMED = Symbol.for('otel-middleware.claimed.v1');

type ClaimedMetadata = RpcMetadata & { [CLAIMED]?: object };

/**
 * Finds the span that another HTTP instrumentation, such as `@opentelemetry/instrumentation-http`, has made for this very
 * request. A span that has ended, or that serves another request in whose handler this one is made, is not it.
 */
export function upstreamMetadata(active: Context, carrier: object): RpcMetadata | undefined {
  const metadata = active.getValue(RPC_METADATA_KEY) as ClaimedMetadata | undefined;
  if (metadata?.type !== 'http' || metadata.span === undefined) return undefined;
  // Our own operations are metadata too, but they are found on the carrier, not in the context.
  if (metadata === active.getValue(OPERATION_KEY)) return undefined;
  if ((metadata.span as { ended?: boolean }).ended === true) return undefined;
  if (metadata[CLAIMED] !== undefined && metadata[CLAIMED] !== carrier) return undefined;
  metadata[CLAIMED] = carrier;
  return metadata;
}

/**
 * The operation under another instrumentation's span: it brings route, name, hooks, captured headers and the exception,
 * and leaves the span's end and the metrics to whoever made it.
 */
export class UpstreamOperation<Req, Res> extends Operation<Req, Res> {
  readonly context: Context;
  readonly enriches = true;
  readonly #metadata: RpcMetadata;
  readonly #method: string;
  readonly #name: string | undefined;

  /** @param method - the method as the span's name begins with it. */
  constructor(start: OperationStart<Req, Res>, metadata: RpcMetadata, method: string) {
    super(start);
    this.context = context.active().setValue(OPERATION_KEY, this);
    this.#metadata = metadata;
    this.#method = method;
    this.#name = currentName(this.span);
  }

  /** The metrics are the other instrumentation's; nothing can be added to them. */
  addMetricAttributes(): void {}

  protected finish(response: Res | undefined, outcome: ResponseOutcome): void {
    const route = this.currentRoute();
    if (route !== undefined) {
      this.#metadata.route = route;
      this.span.setAttribute(ATTR_HTTP_ROUTE, route);
      if (currentName(this.span) === this.#name) this.span.updateName(`${this.#method} ${route}`);
    }
    if (!this.recording) return;
    this.captureResponseHeaders(response);
    const failure = failureOf(this.statusOf(response), outcome, this.caught);
    if (failure?.exception !== undefined) {
      this.rules.recordException(failure.exception, this.span, this.context);
    }
  }
}

/**
 * The operation of a registration inside another one of this family, such as a framework's on a raw server's or a
 * sub-application's: it hands route and error to the outer operation, and adds its own hooks and headers to its span.
 */
export class NestedOperation<Req, Res> extends Operation<Req, Res> {
  readonly context: Context;
  readonly enriches = true;
  readonly #outer: ServerOperation<unknown> & RequestScope;

  constructor(start: OperationStart<Req, Res>, outer: ServerOperation<unknown> & RequestScope) {
    super(start);
    // What was activated between the two registrations, a span or baggage, stays active.
    const active = context.active();
    this.context =
      active.getValue(OPERATION_KEY) === outer.context.getValue(OPERATION_KEY) ? active : outer.context;
    this.#outer = outer;
  }

  override get underway(): MessagesUnderway {
    return this.#outer.underway;
  }

  override setRoute(route: string | undefined): void {
    this.#outer.setRoute(route);
  }

  override recordError(error: unknown): void {
    this.#outer.recordError(error);
  }

  addMetricAttributes(attributes: Attributes): void {
    this.#outer.addMetricAttributes(attributes);
  }

  protected finish(response: Res | undefined): void {
    if (this.recording) this.captureResponseHeaders(response);
  }
}
