import type { Attributes, Context, HrTime } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { methodInName } from '../http/method.js';
import type { Instruments } from '../http/metrics.js';
import { addLabels, countActive, optInAttributes, recordRequest } from '../http/metrics.js';
import type { Failure, ResponseOutcome } from '../http/outcome.js';
import { failureOf } from '../http/outcome.js';
import type { RequestAttributeRules, RequestLine } from '../http/request-attributes.js';
import { later } from '../otel/clock.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
} from '../otel/semconv.js';
import type { OperationRules, OperationStart } from './operation.js';
import { currentName, Operation } from './operation.js';
import { RequestContext } from './request-context.js';
import type { ServerConfiguration } from './rules.js';
import type { Observations } from './server-operation.js';
import { UNOBSERVED } from './server-operation.js';

/** What server spans depend on besides their request; compiled once per instrumentation. */
export interface ServerSpanRules<Req, Res> extends OperationRules<Req, Res>, RequestAttributeRules {}

/** How a server span was started. */
export interface ServerSpanStart {
  /** What the propagator extracted. */
  readonly parent: Context;
  readonly line: RequestLine;
  readonly name: string;
  readonly startTime: HrTime;
  /** The reading of `performance.now()` at that time, from which span and metric are measured. */
  readonly started: number;
  readonly attributes: Attributes;
  readonly instruments: Instruments;
}

/** Says what an adapter has to watch, from what is configured; a few constants serve all requests. */
export function observations(
  configuration: ServerConfiguration<never, never>,
): OperationRules<never, never>['observes'] {
  const { optIn, responseHeaders, responseHook, responsePropagator } = configuration;
  const { receiveHook, sendHook, messageSpans } = configuration;
  const metricSizes =
    optIn.has(METRIC_HTTP_SERVER_REQUEST_BODY_SIZE) || optIn.has(METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE);
  const spanSizes = optIn.has(ATTR_HTTP_REQUEST_BODY_SIZE) || optIn.has(ATTR_HTTP_RESPONSE_BODY_SIZE);
  const propagates = responsePropagator !== undefined;
  const recording: Observations = {
    head: propagates || responseHook !== undefined || responseHeaders !== undefined,
    bodySizes: metricSizes || spanSizes,
    receives: messageSpans || receiveHook !== undefined,
    sends: messageSpans || sendHook !== undefined,
  };
  const nonRecording = { ...UNOBSERVED, head: propagates, bodySizes: metricSizes };
  // Body sizes are for metrics and spans of one's own.
  const enriching = { recording: withoutSizes(recording), nonRecording: withoutSizes(nonRecording) };
  return { owning: { recording, nonRecording }, enriching };
}

function withoutSizes(observations: Observations): Observations {
  return { ...observations, bodySizes: false };
}

/**
 * The operation that owns its server span: it ends the span and records the metrics, from one reading of the clock.
 *
 * It is also the request's RPC metadata, so that other HTTP instrumentations find the span and can tell the route.
 */
export class ServerSpanOperation<Req, Res> extends Operation<Req, Res> {
  readonly type = 'http';
  readonly enriches = false;
  readonly context: Context;
  readonly #start: ServerSpanStart;
  #labels: Attributes | undefined;

  constructor(
    start: OperationStart<Req, Res> & { readonly rules: ServerSpanRules<Req, Res> },
    spanStart: ServerSpanStart,
  ) {
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

  /** The user's route, told through the API or set on the span, before the router's. */
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
      // What a span processor throws must not leave the request counted as active.
      this.#recordMetrics(route, status, failure, outcome, time);
    }
  }

  /** A reading of `performance.now()` as a time of the span, from one reading of the wall clock for all of them. */
  #at(time: number): HrTime {
    return later(this.#start.startTime, time - this.#start.started);
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
      // A name that is not the one we gave is the user's.
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
    const { optIn } = this.rules as ServerSpanRules<Req, Res>;
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
    const { optIn } = this.rules as ServerSpanRules<Req, Res>;
    const optional = optIn.size === 0 ? undefined : optInAttributes(onSpan, optIn);
    const labelled =
      this.#labels === undefined && optional === undefined
        ? attributes
        : { ...this.#labels, ...optional, ...attributes };
    recordRequest(instruments, (time - started) / 1000, labelled, outcome, this.context);
  }
}
