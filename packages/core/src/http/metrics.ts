import type { Attributes, Context, Histogram, Meter } from '@opentelemetry/api';
import { durationHistogram, isEnabled } from '../otel/meter.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
} from '../otel/semconv.js';

/** Limits of what handlers may add to the metrics of a request, against unbounded time series. */
const MAX_LABELS = 20;
const MAX_LABEL_LENGTH = 100;

/** The convention's own names, also where a request has no value for them: nobody can forge an `error.type`. */
const RESERVED: ReadonlySet<string> = new Set([
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
]);

const ACTIVE_REQUESTS = Symbol.for('otel-middleware.active-requests.v1');

/** The instruments of one meter provider; opt-in ones only when asked for. */
export interface Instruments {
  /** False when no metrics SDK is registered and nothing that is recorded can arrive anywhere. */
  readonly enabled: boolean;
  readonly duration: Histogram;
  readonly requestBodySize: Histogram | undefined;
  readonly responseBodySize: Histogram | undefined;
  readonly activeRequests: ActiveRequests | undefined;
  /** The attributes of a request's metrics: one frozen object for all requests that are alike. */
  readonly attributesOf: (
    line: Pick<RequestDescription, 'method' | 'scheme' | 'protocolVersion'>,
    status: number | undefined,
    route: string | undefined,
    errorType: string | undefined,
  ) => Attributes;
}

/** The facts from which a request's metric attributes are made. All but method and scheme may be unknown. */
export interface RequestDescription {
  readonly method: string;
  readonly scheme: string;
  readonly protocolVersion: string | undefined;
  readonly status: number | undefined;
  readonly route: string | undefined;
  readonly errorType: string | undefined;
}

/** Numbers of requests in flight, by method and scheme. */
export type ActiveRequests = Map<string, { readonly attributes: Attributes; count: number }>;

/** Creates the server's instruments; opt-in ones only when named in `optIn`. */
export function createInstruments(meter: Meter, optIn: ReadonlySet<string>): Instruments {
  const bytes = (name: string, description: string): Histogram | undefined =>
    optIn.has(name) ? meter.createHistogram(name, { description, unit: 'By' }) : undefined;
  return {
    enabled: isEnabled(meter),
    duration: durationHistogram(
      meter,
      METRIC_HTTP_SERVER_REQUEST_DURATION,
      'Duration of HTTP server requests.',
    ),
    requestBodySize: bytes(METRIC_HTTP_SERVER_REQUEST_BODY_SIZE, 'Size of HTTP server request bodies.'),
    responseBodySize: bytes(METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE, 'Size of HTTP server response bodies.'),
    activeRequests: optIn.has(METRIC_HTTP_SERVER_ACTIVE_REQUESTS) ? activeRequestsOf(meter) : undefined,
    attributesOf: cachedAttributes(),
  };
}

/**
 * The attributes of a request's metrics, exactly those of the convention, and without any that is unknown.
 *
 * In alphabetical order, since the SDK sorts them for every record, and an ordered list is sorted fastest.
 */
function metricAttributes(request: RequestDescription): Attributes {
  const attributes: Attributes = {};
  // An explicit `undefined` would begin a time series of its own.
  if (request.errorType !== undefined) attributes[ATTR_ERROR_TYPE] = request.errorType;
  attributes[ATTR_HTTP_REQUEST_METHOD] = request.method;
  if (request.status !== undefined) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = request.status;
  if (request.route !== undefined) attributes[ATTR_HTTP_ROUTE] = request.route;
  if (request.protocolVersion !== undefined)
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = request.protocolVersion;
  attributes[ATTR_URL_SCHEME] = request.scheme;
  return attributes;
}

/** A service has few kinds of requests; routes that an application makes up must not add up to more. */
const CACHE_LIMIT = 1000;

function cachedAttributes(): Instruments['attributesOf'] {
  const byRoute = new Map<
    string | undefined,
    { readonly request: RequestDescription; readonly attributes: Attributes }[]
  >();
  let size = 0;
  return ({ method, scheme, protocolVersion }, status, route, errorType) => {
    const known = byRoute.get(route);
    if (known !== undefined)
      for (const { request, attributes } of known)
        if (
          request.status === status &&
          request.method === method &&
          request.errorType === errorType &&
          request.protocolVersion === protocolVersion &&
          request.scheme === scheme
        )
          return attributes;
    const request = { method, scheme, protocolVersion, status, route, errorType };
    const attributes = Object.freeze(metricAttributes(request));
    if (size < CACHE_LIMIT) {
      size += 1;
      if (known === undefined) byRoute.set(route, [{ request, attributes }]);
      else known.push({ request, attributes });
    }
    return attributes;
  };
}

/** The span attributes that the convention lets a user opt in to on metrics, where the user did. */
export function optInAttributes(span: Attributes, optIn: ReadonlySet<string>): Attributes {
  const attributes: Attributes = {};
  for (const name of [ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT, ATTR_USER_AGENT_SYNTHETIC_TYPE]) {
    const value = span[name];
    if (value !== undefined && optIn.has(name)) attributes[name] = value;
  }
  return attributes;
}

/**
 * Adds a handler's own attributes to `labels`: strings, numbers and booleans, at most 20 of them, strings cut at 100
 * characters. Names of the convention and other values are left out silently, since this runs inside a request.
 */
export function addLabels(labels: Attributes, added: Attributes): void {
  for (const [name, value] of Object.entries(added ?? {})) {
    if (RESERVED.has(name)) continue;
    if (Object.keys(labels).length >= MAX_LABELS && !Object.hasOwn(labels, name)) continue;
    if (typeof value === 'string') labels[name] = value.slice(0, MAX_LABEL_LENGTH);
    else if (typeof value === 'number' || typeof value === 'boolean') labels[name] = value;
  }
}

/** Counts a request in or out of those in flight. */
export function countActive(active: ActiveRequests, method: string, scheme: string, change: 1 | -1): void {
  const key = `${method} ${scheme}`;
  const entry = active.get(key);
  if (entry !== undefined) entry.count += change;
  else
    active.set(key, {
      attributes: { [ATTR_HTTP_REQUEST_METHOD]: method, [ATTR_URL_SCHEME]: scheme },
      count: change,
    });
}

/** Records a request that has ended; `context` carries the span, so that exemplars can point to it. */
export function recordRequest(
  instruments: Instruments,
  seconds: number,
  attributes: Attributes,
  sizes: { readonly requestBodySize?: number | undefined; readonly responseBodySize?: number | undefined },
  context: Context,
): void {
  instruments.duration.record(seconds, attributes, context);
  if (sizes.requestBodySize !== undefined)
    instruments.requestBodySize?.record(sizes.requestBodySize, attributes, context);
  if (sizes.responseBodySize !== undefined)
    instruments.responseBodySize?.record(sizes.responseBodySize, attributes, context);
}

/**
 * The counts that a meter observes. They live on the meter, which is one object per provider and scope, so that two
 * applications, or two copies of this package, count together instead of overwriting each other's observations.
 */
function activeRequestsOf(meter: Meter & { [ACTIVE_REQUESTS]?: ActiveRequests }): ActiveRequests {
  const known = meter[ACTIVE_REQUESTS];
  if (known !== undefined) return known;
  const counts: ActiveRequests = new Map();
  meter[ACTIVE_REQUESTS] = counts;
  meter
    .createObservableUpDownCounter(METRIC_HTTP_SERVER_ACTIVE_REQUESTS, {
      description: 'Number of active HTTP server requests.',
      unit: '{request}',
    })
    .addCallback((result) => {
      for (const { attributes, count } of counts.values()) result.observe(count, attributes);
    });
  return counts;
}
