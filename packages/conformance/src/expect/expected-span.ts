import type { Attributes, SpanContext, SpanStatus } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { matrix } from '../matrix.js';
import type { Exchange, SentRequest } from './exchange.js';

/** A span as tests compare it: everything that an instrumentation decides, and nothing else. */
export interface PlainSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: Attributes;
  }[];
  readonly parent:
    | { readonly traceId: string; readonly spanId: string; readonly remote: boolean }
    | undefined;
  readonly scope: {
    readonly name: string;
    readonly version: string | undefined;
    readonly schemaUrl: string | undefined;
  };
}

/** Facts about a server span that the request alone does not tell. */
export interface Expectation {
  /** `http.route`; absent when there must be none. */
  readonly route?: string | undefined;
  /** The name, where a user gave it. */
  readonly name?: string;
  /** `error.type`, where it is not the status code. */
  readonly errorType?: string;
  /** The status description, where an exception explains what no status code does. */
  readonly description?: string;
  /** The thrown value, where it has to be recorded. */
  readonly exception?: { readonly error: unknown };
  readonly parent?: SpanContext | undefined;
  readonly links?: readonly SpanContext[];
  /** The status code, where the client cannot know that it was sent. */
  readonly status?: number;
  /** Attributes to add or, as `undefined`, to leave out. */
  readonly attributes?: Readonly<Record<string, Attributes[string] | undefined>>;
}

/** The convention that the schema URL has to name. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** `error.type` of a request whose client went away, as the adapters document it. */
export const CLIENT_DISCONNECTED = 'client_disconnected';

const KNOWN_METHODS = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
];

/** Computes the whole server span that a request must make, by the conventions alone. */
export function expectedSpan(exchange: Exchange, expectation: Expectation = {}): PlainSpan {
  const { sent } = exchange;
  const { route, exception, parent, links = [] } = expectation;
  const method = KNOWN_METHODS.includes(sent.method) ? sent.method : 'HTTP';
  const errorType = expectedErrorType(exchange, expectation);
  const attributes: Record<string, Attributes[string] | undefined> = {
    ...startAttributes(exchange),
    'http.route': route,
    'network.peer.address': exchange.client?.address,
    'network.peer.port': exchange.client?.port,
    'network.protocol.version': sent.version,
    'http.response.status_code': expectedStatus(exchange, expectation),
    'error.type': errorType,
    ...expectation.attributes,
  };
  return {
    name: expectation.name ?? (route === undefined ? method : `${method} ${route}`),
    kind: SpanKind.SERVER,
    attributes: withoutUndefined(attributes),
    status: expectedSpanStatus(errorType, expectation.description),
    events:
      exception === undefined
        ? []
        : [{ name: 'exception', attributes: exceptionAttributes(exception.error) }],
    links: links.map(({ traceId, spanId }) => ({ traceId, spanId, attributes: {} })),
    parent: parent && { traceId: parent.traceId, spanId: parent.spanId, remote: true },
    scope: { name: matrix.packageName, version: matrix.packageVersion, schemaUrl: SCHEMA_URL },
  };
}

/** The attributes that a request must be given at the start of its span, for samplers; without the route. */
export function startAttributes({ sent, client }: Exchange): Attributes {
  const known = KNOWN_METHODS.includes(sent.method);
  const { path, query } = pathAndQuery(sent.target);
  return withoutUndefined({
    'http.request.method': known ? sent.method : '_OTHER',
    'http.request.method_original': known ? undefined : sent.method,
    'url.path': path,
    'url.query': query,
    'url.scheme': 'http',
    ...hostAttributes(sent),
    'client.address': client?.address,
    'user_agent.original': sent.headers['user-agent'] as string | undefined,
  });
}

/** The attributes that the duration of a request must be recorded with. */
export function expectedMetricAttributes(exchange: Exchange, expectation: Expectation = {}): Attributes {
  const span = expectedSpan(exchange, expectation).attributes;
  const names = [
    'http.request.method',
    'url.scheme',
    'http.response.status_code',
    'http.route',
    'network.protocol.version',
    'error.type',
  ];
  return Object.fromEntries(names.filter((name) => name in span).map((name) => [name, span[name]]));
}

/** The attributes of the exception record of anything that was thrown. */
export function exceptionAttributes(error: unknown): Attributes {
  if (!(error instanceof Error)) {
    return { 'exception.type': error === null ? 'null' : typeof error, 'exception.message': String(error) };
  }
  return {
    'exception.type': error.name,
    'exception.message': error.message,
    'exception.stacktrace': error.stack as string,
  };
}

/** Reads a span of the SDK as a plain one. */
export function plainSpan(span: ReadableSpan): PlainSpan {
  const { parentSpanContext: parent, instrumentationScope: scope } = span;
  return {
    name: span.name,
    kind: span.kind,
    attributes: span.attributes,
    status: span.status,
    events: span.events.map(({ name, attributes = {} }) => ({ name, attributes })),
    links: span.links.map(({ context: { traceId, spanId }, attributes = {} }) => ({
      traceId,
      spanId,
      attributes,
    })),
    parent: parent && { traceId: parent.traceId, spanId: parent.spanId, remote: parent.isRemote === true },
    scope: { name: scope.name, version: scope.version, schemaUrl: scope.schemaUrl },
  };
}

function expectedStatus({ status }: Exchange, expectation: Expectation): number | undefined {
  return expectation.status ?? status;
}

function expectedErrorType(exchange: Exchange, expectation: Expectation): string | undefined {
  const status = expectedStatus(exchange, expectation);
  return expectation.errorType ?? (status !== undefined && status >= 500 ? String(status) : undefined);
}

function expectedSpanStatus(errorType: string | undefined, message: string | undefined): SpanStatus {
  if (errorType === undefined) return { code: SpanStatusCode.UNSET };
  return message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message };
}

function pathAndQuery(target: string): { path: string; query: string | undefined } {
  const [beforeQuery = '', ...rest] = target.split('?');
  const path = /^[a-z]+:\/\/[^/]*(\/.*)?$/.exec(beforeQuery);
  return { path: path === null ? beforeQuery : (path[1] ?? '/'), query: rest.join('?') || undefined };
}

function hostAttributes({ headers }: SentRequest): Record<string, string | number | undefined> {
  const { host } = headers;
  const [, address, port] =
    /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(typeof host === 'string' ? host : '') ?? [];
  return {
    'server.address': address?.replace(/[[\]]/g, ''),
    'server.port': port === undefined ? undefined : Number(port),
  };
}

function withoutUndefined(attributes: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
