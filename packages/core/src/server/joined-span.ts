import type { Attributes, Context } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import type { ResponseOutcome } from '../http/outcome.js';
import { failureOf } from '../http/outcome.js';
import type { OpenMessageSpans } from '../messages/messages.js';
import type { RpcMetadata } from '../otel/rpc-metadata.js';
import { RPC_METADATA_KEY } from '../otel/rpc-metadata.js';
import { ATTR_HTTP_ROUTE } from '../otel/semconv.js';
import type { OperationStart } from './operation.js';
import { currentName, Operation } from './operation.js';
import { OPERATION_KEY } from './request-context.js';
import type { LiveOperation } from './server-operation.js';

/** Marks metadata as claimed by one request, so that an in-process request inside that one does not claim it too. */
const CLAIMED = Symbol.for('otel-middleware.claimed.v1');

type ClaimedMetadata = RpcMetadata & { [CLAIMED]?: object };

/**
 * Claims the span that another HTTP instrumentation, such as `@opentelemetry/instrumentation-http`, has made for this very
 * request. A span that has ended, or that serves another request in whose handler this one is made, is not it.
 */
export function claimServerSpan(active: Context, identity: object): RpcMetadata | undefined {
  const metadata = active.getValue(RPC_METADATA_KEY) as ClaimedMetadata | undefined;
  if (metadata?.type !== 'http' || metadata.span === undefined) return undefined;
  // Our own operations are metadata too, but they are found on the request, not in the context.
  if (metadata === active.getValue(OPERATION_KEY)) return undefined;
  if ((metadata.span as { ended?: boolean }).ended === true) return undefined;
  if (metadata[CLAIMED] !== undefined && metadata[CLAIMED] !== identity) return undefined;
  metadata[CLAIMED] = identity;
  return metadata;
}

/**
 * The operation under another instrumentation's span. It adds route, name, hooks, captured headers and the exception, and
 * leaves the span's end and the metrics to the instrumentation that made it.
 */
export class JoinedSpanOperation<Req, Res> extends Operation<Req, Res> {
  readonly kind = 'joined';
  readonly context: Context;
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

  /** Does nothing: the metrics are the other instrumentation's. */
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
 * The operation of a registration inside another one of this family, such as a framework's inside a raw server's or a
 * sub-application's. It passes route and error to the outer operation, and adds its own hooks and headers to the span.
 */
export class NestedOperation<Req, Res> extends Operation<Req, Res> {
  readonly kind: 'joined' | 'resumed' = 'joined';
  readonly context: Context;
  readonly #outer: LiveOperation;

  constructor(start: OperationStart<Req, Res>, outer: LiveOperation) {
    super(start);
    // A span or baggage that was activated between the two registrations stays active.
    const active = context.active();
    this.context =
      active.getValue(OPERATION_KEY) === outer.context.getValue(OPERATION_KEY) ? active : outer.context;
    this.#outer = outer;
  }

  override get openMessageSpans(): OpenMessageSpans {
    return this.#outer.openMessageSpans;
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
