import type { Attributes, Context, HrTime } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { methodInName } from '../http/method.js';
import type { Instruments } from '../http/metrics.js';
import { addLabels, countActive, optInAttributes, recordRequest } from '../http/metrics.js';
import type { Failure, ResponseOutcome } from '../http/outcome.js';
import { failureOf } from '../http/outcome.js';
import type { RequestLine } from '../http/request-attributes.js';
import { addMillis } from '../otel/clock.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
} from '../otel/semconv.js';
import type { OperationStart } from './operation.js';
import { currentName, Operation } from './operation.js';
import { RequestContext } from './request-context.js';

/** The values that a server span was started with. */
export interface OwnedSpanStart {
  /** The context that the propagator extracted. */
  readonly parent: Context;
  readonly line: RequestLine;
  readonly name: string;
  readonly startTime: HrTime;
  /** The reading of `performance.now()` at that time; span and metric are measured from it. */
  readonly started: number;
  readonly attributes: Attributes;
  readonly instruments: Instruments;
}

/**
 * The operation that owns its server span: it ends the span and records the metrics, from one reading of the clock.
 *
 * It is also the request's RPC metadata, through which other HTTP instrumentations find the span and can set the route.
 */
export class OwnedSpanOperation<Req, Res> extends Operation<Req, Res> {
  readonly type = 'http';
  readonly kind = 'owned';
  readonly context: Context;
  readonly #start: OwnedSpanStart;
  #labels: Attributes | undefined;

  constructor(start: OperationStart<Req, Res>, spanStart: OwnedSpanStart) {
    super(start);
    const { line, parent, instruments } = spanStart;
    this.context = new RequestContext(parent, this);
    this.route = line.route;
    this.#start = spanStart;
    if (instruments.activeRequests !== undefined)
      countActive(instruments.activeRequests, line.method, line.scheme, 1);
  }

  addMetricAttributes(attributes: Attributes): void {
    this.#labels ??= {};
    addLabels(this.#labels, attributes);
  }

  /** The route that the user set, through the API or on the span; otherwise the router's. */
  protected override currentRoute(): string | undefined {
    if (this.userRoute !== undefined) return this.userRoute;
    const onSpan = (this.span as { attributes?: Attributes }).attributes?.[ATTR_HTTP_ROUTE];
    return typeof onSpan === 'string' && onSpan !== this.#start.line.route ? onSpan : this.route;
  }

  protected finish(response: Res | undefined, outcome: ResponseOutcome, time: number): void {
    const status = this.statusOf(response);
    const failure = failureOf(status, outcome, this.caught);
    const route = this.currentRoute();
    try {
      if (this.recording) {
        this.#describeOutcome(route, status, failure);
        this.#describeSizes(outcome);
        this.captureResponseHeaders(response);
      }
      if (failure?.exception !== undefined)
        this.rules.recordException(
          failure.exception,
          this.span,
          this.context,
          this.#at(failure.exception.time),
        );
      this.span.end(this.recording ? this.#at(time) : undefined);
    } finally {
      // If a span processor throws, the request must not stay counted as active.
      this.#recordMetrics(route, status, failure, outcome, time);
    }
  }

  /** Converts a reading of `performance.now()` to a time of the span. All are based on one reading of the wall clock. */
  #at(time: number): HrTime {
    return addMillis(this.#start.startTime, time - this.#start.started);
  }

  #describeOutcome(
    route: string | undefined,
    status: number | undefined,
    failure: Failure | undefined,
  ): void {
    const { span } = this;
    const { name, line } = this.#start;
    if (status !== undefined) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
    if (route !== undefined) {
      span.setAttribute(ATTR_HTTP_ROUTE, route);
      const current = currentName(span);
      // A name other than the one we gave was set by the user.
      if (route !== line.route && (current === undefined || current === name)) {
        span.updateName(`${methodInName(line.method)} ${route}`);
      }
    }
    if (failure === undefined) return;
    span.setAttribute(ATTR_ERROR_TYPE, failure.type);
    span.setStatus(
      failure.message === undefined
        ? { code: SpanStatusCode.ERROR }
        : { code: SpanStatusCode.ERROR, message: failure.message },
    );
  }

  #describeSizes({ requestBodySize, responseBodySize }: ResponseOutcome): void {
    const { optIn } = this.rules;
    if (requestBodySize !== undefined && optIn.has(ATTR_HTTP_REQUEST_BODY_SIZE)) {
      this.span.setAttribute(ATTR_HTTP_REQUEST_BODY_SIZE, requestBodySize);
    }
    if (responseBodySize !== undefined && optIn.has(ATTR_HTTP_RESPONSE_BODY_SIZE)) {
      this.span.setAttribute(ATTR_HTTP_RESPONSE_BODY_SIZE, responseBodySize);
    }
  }

  #recordMetrics(
    route: string | undefined,
    status: number | undefined,
    failure: Failure | undefined,
    outcome: ResponseOutcome,
    time: number,
  ): void {
    const { instruments, line, started, attributes: onSpan } = this.#start;
    if (instruments.activeRequests !== undefined)
      countActive(instruments.activeRequests, line.method, line.scheme, -1);
    if (!instruments.enabled) return;
    const attributes = instruments.attributesOf(line, status, route, failure?.type);
    const { optIn } = this.rules;
    const optional = optIn.size === 0 ? undefined : optInAttributes(onSpan, optIn);
    const labelled =
      this.#labels === undefined && optional === undefined
        ? attributes
        : { ...this.#labels, ...optional, ...attributes };
    recordRequest(instruments, (time - started) / 1000, labelled, outcome, this.context);
  }
}
