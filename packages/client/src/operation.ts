import type { Attributes, Context, Histogram, HrTime, Span } from '@opentelemetry/api';
import { context, SpanStatusCode } from '@opentelemetry/api';
import type { ExceptionRecorder } from '@otel-middleware/core/internal';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_TEMPLATE,
  addMillis,
  captureHeaders,
  errorMessage,
  errorType,
} from '@otel-middleware/core/internal';
import { headerFields } from './header-fields.js';
import type { ClientConfiguration, HttpClientRequest, HttpClientResponse } from './options.js';
import { redactText } from './redaction.js';
import type { Resends, SentRequest } from './resends.js';

/** The rules that the operations of one instrumentation share; compiled once. */
export interface OperationRules extends ClientConfiguration {
  readonly recordException: ExceptionRecorder;
  readonly resends: Resends;
  /** Reports what the SDK threw, once. */
  readonly reportFailure: (error: unknown) => void;
  /** Called once for each operation. */
  readonly onEnd: () => void;
}

/** The header fields that an attempt is to carry; `undefined` stands for one that it must not carry. */
export type TraceHeaders = ReadonlyMap<string, string | undefined>;

/** An attempt to get a response, as it was started. */
export interface Attempt extends SentRequest {
  readonly span: Span;
  /** The caller's context with the span. */
  readonly context: Context;
  readonly request: HttpClientRequest;
  /** The attributes that the span began with. */
  readonly attributes: Attributes;
  readonly startTime: HrTime;
  /** The reading of `performance.now()` at that time, from which span and metric are measured. */
  readonly started: number;
  readonly duration: Histogram;
  readonly traceHeaders: TraceHeaders;
}

/** The key of the operation on its request, by which a second listener sees that the request is traced. */
export const OPERATION: unique symbol = Symbol.for('otel-middleware.client-operation.v1') as never;

/** A request as it carries its operation; `null` stands for one that is not traced. */
export interface WithOperation {
  [OPERATION]?: ClientOperation | null;
}

/** The end of an attempt. One that its caller has given up has neither a status nor an error. */
interface Outcome {
  readonly response?: HttpClientResponse;
  readonly status?: number | undefined;
  readonly errorType?: string | undefined;
  readonly exception?: { readonly error: unknown };
}

/** One attempt on its way: it ends once, with the head of a response, a failure or the caller's abort. */
export class ClientOperation {
  readonly attempt: Attempt;
  /** The connection as the client shows it, as attributes. Set it before the end. */
  connection: Attributes = {};
  /** Set by clients that only tell of a timeout, and leave it to their caller to give up. */
  timedOut = false;
  readonly #rules: OperationRules;
  #ended = false;

  constructor(attempt: Attempt, rules: OperationRules) {
    this.attempt = attempt;
    this.#rules = rules;
  }

  /** Ends the attempt with the head of a response; a status of 0 is one that `fetch` does not show. */
  end(response: HttpClientResponse): void {
    const status = response.status || undefined;
    this.#finish(() => ({
      response,
      status,
      errorType: status && status >= 400 ? String(status) : undefined,
    }));
  }

  /** Ends the attempt because it failed, with the error or with the cause that the error only wraps. */
  fail(error: unknown): void {
    this.#finish(() => {
      const root = rootOf(error);
      return { errorType: errorType(root), exception: { error: root } };
    });
  }

  /** Ends the attempt because its caller has given it up, which is no error. */
  abort(): void {
    this.#finish(() => ({}));
  }

  #finish(outcome: () => Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#record(outcome(), performance.now());
    } catch (error) {
      // This runs in a listener, where what a span processor of the user's throws would end the process.
      this.#rules.reportFailure(error);
    }
    this.#rules.onEnd();
  }

  #record(outcome: Outcome, time: number): void {
    const { span, context: active, startTime, started, duration } = this.attempt;
    const end = addMillis(startTime, time - started);
    const { response, status, exception } = outcome;
    try {
      try {
        if (span.isRecording()) this.#describe(outcome);
        if (exception !== undefined) this.#rules.recordException({ ...exception, time }, span, active, end);
      } finally {
        span.end(end);
      }
    } finally {
      // Measured also when a span processor throws.
      duration.record((time - started) / 1000, this.#metricAttributes(outcome), active);
    }
    if (outcome.errorType !== undefined || status !== undefined)
      this.#rules.resends.attempted(this.attempt, status, response?.headers.get('location'));
  }

  #describe({ response, status, errorType, exception }: Outcome): void {
    const { span, request, context: active } = this.attempt;
    const { responseHeaders, responseHook } = this.#rules;
    const attributes = { ...this.connection };
    if (status !== undefined) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = status;
    if (errorType !== undefined) attributes[ATTR_ERROR_TYPE] = errorType;
    if (response !== undefined && responseHeaders !== undefined)
      captureHeaders(responseHeaders, response.headers, headerFields, attributes);
    span.setAttributes(attributes);
    const code = SpanStatusCode.ERROR;
    if (exception !== undefined) span.setStatus({ code, message: redactText(errorMessage(exception.error)) });
    else if (errorType !== undefined) span.setStatus({ code });
    if (response !== undefined && responseHook !== undefined)
      context.with(active, () => responseHook(span, request, response));
  }

  /** In alphabetical order, since the SDK sorts them for every record; an explicit `undefined` would be one more series. */
  #metricAttributes({ status, errorType }: Outcome): Attributes {
    const { attributes: started } = this.attempt;
    return known({
      [ATTR_ERROR_TYPE]: errorType,
      [ATTR_HTTP_REQUEST_METHOD]: started[ATTR_HTTP_REQUEST_METHOD],
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
      [ATTR_NETWORK_PROTOCOL_VERSION]: this.connection[ATTR_NETWORK_PROTOCOL_VERSION],
      [ATTR_SERVER_ADDRESS]: started[ATTR_SERVER_ADDRESS],
      [ATTR_SERVER_PORT]: started[ATTR_SERVER_PORT],
      [ATTR_URL_TEMPLATE]: started[ATTR_URL_TEMPLATE],
    });
  }
}

/** The attributes of a connection, as far as a client shows them. */
export function connectionAttributes(
  socket: { readonly remoteAddress?: string; readonly remotePort?: number } | null,
  protocolVersion: string,
): Attributes {
  return known({
    [ATTR_NETWORK_PEER_ADDRESS]: socket?.remoteAddress,
    [ATTR_NETWORK_PEER_PORT]: socket?.remotePort,
    [ATTR_NETWORK_PROTOCOL_VERSION]: protocolVersion,
  });
}

function known(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** Finds the cause below an error that only wraps it: `fetch failed`, a timeout's abort, or one error per address of a host. */
function rootOf(error: unknown): unknown {
  try {
    const { name, cause } = Object(error) as { name?: unknown; cause?: unknown };
    const wraps = (name === 'TypeError' || name === 'AbortError') && typeof cause === 'object';
    const inner = wraps ? (cause ?? error) : error;
    const { errors } = Object(inner) as { errors?: unknown };
    return Array.isArray(errors) && errors.length > 0 ? errors[0] : inner;
  } catch {
    // Its properties may throw themselves.
    return error;
  }
}
