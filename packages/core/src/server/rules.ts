import type { Context, MeterProvider, Span, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { HttpResponseGetter } from '../http/getter.js';
import type { RequestAttributeRules } from '../http/request-attributes.js';
import { queryRedaction } from '../http/request-target.js';
import { compileResponsePropagator } from '../http/response-propagators.js';
import type { Message, MessageRules } from '../messages/messages.js';
import type { ExclusionTest } from '../options/excluded-urls.js';
import { compileExcludedUrls, excludedByEnvironment } from '../options/excluded-urls.js';
import type { HeaderCaptures } from '../options/header-options.js';
import { configureHeaders } from '../options/header-options.js';
import { compilePatterns } from '../options/patterns.js';
import type { ExceptionRecorder } from '../otel/exceptions.js';
import { exceptionRecorder, SERVER_EXCEPTION } from '../otel/exceptions.js';
import { failureReport, guardedHook, synchronous } from '../otel/hooks.js';
import {
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
} from '../otel/semconv.js';
import type { HttpServerOptions, RequestHook, ResponseHook } from './options.js';
import { validateServerOptions } from './options.js';
import type { OperationNeeds } from './server-operation.js';
import { NO_NEEDS } from './server-operation.js';

/** The needs of operations on a recording span, and on one that is not. */
interface NeedsBySpan {
  readonly recording: OperationNeeds;
  readonly nonRecording: OperationNeeds;
}

/**
 * The rules of one instrumentation: options, environment and the adapter's getters, merged, validated and compiled once
 * into what the request path needs. The request path takes this object, or the part of it that a lower folder declares.
 */
export interface ServerRules<Req, Res> extends HeaderCaptures, MessageRules<Req>, RequestAttributeRules {
  /** The framework as environment variables name it. */
  readonly framework: string;
  readonly response: HttpResponseGetter<Res>;
  /** Asks the router for the route that is being served. */
  readonly currentRoute: ((request: Req) => string | undefined) | undefined;
  readonly isExcluded: ExclusionTest<Req> | undefined;
  readonly isPublic: ((request: Req) => boolean) | undefined;
  readonly requestHook: RequestHook<Req> | undefined;
  readonly responseHook: ResponseHook<Req, Res> | undefined;
  /** Writes the response propagator's headers. Guarded. */
  readonly propagateResponse: ((context: Context, response: Res) => void) | undefined;
  readonly recordException: ExceptionRecorder;
  /** The needs of operations that own their span, and of those that joined one. */
  readonly needs: { readonly owned: NeedsBySpan; readonly joined: NeedsBySpan };
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly propagator: TextMapPropagator | undefined;
}

/** The parts of an instrumentation's configuration from which rules are compiled. */
export interface RulesSource<Req, Res> {
  readonly scope: { readonly name: string; readonly version: string };
  readonly framework: string;
  readonly response: HttpResponseGetter<Res>;
  readonly currentRoute?: ((request: Req) => string | undefined) | undefined;
  readonly options?: HttpServerOptions<Req, Res> | undefined;
  readonly adapterOptions?: readonly string[];
}

/**
 * Compiles the rules of an instrumentation.
 *
 * @throws TypeError when an option is unknown or ill-typed; the message names the option and the cure. Invalid environment
 * variables are reported through `diag` and ignored.
 */
export function compileRules<Req, Res>({
  scope,
  framework,
  response,
  currentRoute,
  options = {},
  adapterOptions = [],
}: RulesSource<Req, Res>): ServerRules<Req, Res> {
  const owner = scope.name;
  validateServerOptions(owner, options, adapterOptions);
  const { publicEndpoint, receiveHook, requestHook, responseHook, responsePropagator, sendHook } = options;
  const rules: Omit<ServerRules<Req, Res>, 'needs'> = {
    framework,
    response,
    currentRoute,
    isExcluded: compilePatterns(owner, 'excludedUrls', () =>
      compileExcludedUrls(options.excludedUrls ?? excludedByEnvironment(framework)),
    ),
    isPublic: publicEndpoint ? compilePublicEndpoint(publicEndpoint) : undefined,
    ...configureHeaders(owner, 'SERVER', options),
    requestHook: requestHook && guardedHook<[Span, Req], unknown>('requestHook', requestHook, undefined),
    responseHook:
      responseHook && guardedHook<[Span, Req, Res], unknown>('responseHook', responseHook, undefined),
    receiveHook:
      receiveHook && guardedHook<[Span, Message, Req], unknown>('receiveHook', receiveHook, undefined),
    sendHook: sendHook && guardedHook<[Span, Message, Req], unknown>('sendHook', sendHook, undefined),
    messageSpans: options.messageSpans === true,
    propagateResponse: responsePropagator && compileResponsePropagator(responsePropagator, response),
    redactQuery: queryRedaction(),
    recordException: exceptionRecorder(scope, SERVER_EXCEPTION),
    reportFailure: failureReport(owner),
    optIn: new Set(options.optIn),
    tracerProvider: options.tracerProvider,
    meterProvider: options.meterProvider,
    propagator: options.propagator,
  };
  return { ...rules, needs: compileNeeds(rules) };
}

/** Compiles `publicEndpoint`. If the predicate fails, the caller is taken for a stranger. */
function compilePublicEndpoint<Req>(
  publicEndpoint: true | ((request: Req) => boolean),
): (request: Req) => boolean {
  return publicEndpoint === true
    ? () => true
    : guardedHook('publicEndpoint', synchronous(publicEndpoint), true);
}

/** Derives the needs of all requests from what is configured; a few constants serve them all. */
function compileNeeds<Req, Res>({
  optIn,
  responseHeaders,
  responseHook,
  propagateResponse,
  receiveHook,
  sendHook,
  messageSpans,
}: Omit<ServerRules<Req, Res>, 'needs'>): ServerRules<Req, Res>['needs'] {
  const metricSizes =
    optIn.has(METRIC_HTTP_SERVER_REQUEST_BODY_SIZE) || optIn.has(METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE);
  const spanSizes = optIn.has(ATTR_HTTP_REQUEST_BODY_SIZE) || optIn.has(ATTR_HTTP_RESPONSE_BODY_SIZE);
  const propagates = propagateResponse !== undefined;
  const recording: OperationNeeds = {
    head: propagates || responseHook !== undefined || responseHeaders !== undefined,
    bodySizes: metricSizes || spanSizes,
    receives: messageSpans || receiveHook !== undefined,
    sends: messageSpans || sendHook !== undefined,
  };
  const nonRecording = { ...NO_NEEDS, head: propagates, bodySizes: metricSizes };
  // Body sizes go on our own metrics and spans only.
  const joined = {
    recording: { ...recording, bodySizes: false },
    nonRecording: { ...nonRecording, bodySizes: false },
  };
  return { owned: { recording, nonRecording }, joined };
}
