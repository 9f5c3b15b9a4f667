import type { Attributes, Span } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_CLIENT_PORT,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_NETWORK_TRANSPORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
} from '../otel/semconv.js';
import type { HttpRequestGetter } from './getter.js';
import type { HeaderCapture } from './headers.js';
import { captureHeaders } from './headers.js';
import { parseAuthority } from './host.js';
import type { QueryRedaction } from './request-target.js';
import { queryOf } from './request-target.js';

/** The rules for the attributes at the start of a span; compiled once per instrumentation. */
export interface RequestAttributeRules {
  readonly redactQuery: QueryRedaction;
  readonly requestHeaders: HeaderCapture | undefined;
  readonly optIn: ReadonlySet<string>;
}

/** The values that were read from the request already. */
export interface RequestLine {
  /** `http.request.method`: a known method or `_OTHER`. */
  readonly method: string;
  readonly originalMethod: string;
  readonly scheme: string;
  readonly protocolVersion: string | undefined;
  readonly target: string;
  readonly path: string;
  readonly route: string | undefined;
}

/**
 * The attributes that a server span is created with, all that the convention wants a sampler to see.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function requestAttributes<Req>(
  request: Req,
  getter: HttpRequestGetter<Req>,
  line: RequestLine,
  rules: RequestAttributeRules,
): Attributes {
  const authority = getter.authority(request);
  const server = authority === undefined ? undefined : parseAuthority(authority);
  const client = getter.clientAddress?.(request);
  const userAgent = getter.get(request, 'user-agent');
  const attributes = commonAttributes(line, server?.address, client, userAgent);
  if (server?.port !== undefined) attributes[ATTR_SERVER_PORT] = server.port;
  const query = queryOf(line.target);
  if (query !== undefined) attributes[ATTR_URL_QUERY] = rules.redactQuery(query);
  if (line.originalMethod !== line.method)
    attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = line.originalMethod;
  if (line.route !== undefined) attributes[ATTR_HTTP_ROUTE] = line.route;
  if (rules.requestHeaders !== undefined) captureHeaders(rules.requestHeaders, request, getter, attributes);
  if (rules.optIn.size > 0) addOptIn(request, getter, userAgent, rules.optIn, attributes);
  return attributes;
}

/** Sets what samplers do not want to see, which is cheaper to set on the span than to hand over at its start. */
export function describeConnection<Req>(
  span: Span,
  request: Req,
  getter: HttpRequestGetter<Req>,
  { protocolVersion }: RequestLine,
): void {
  const address = getter.peerAddress?.(request);
  if (address !== undefined && address !== '') {
    span.setAttribute(ATTR_NETWORK_PEER_ADDRESS, address);
    const port = getter.peerPort?.(request);
    if (port !== undefined) span.setAttribute(ATTR_NETWORK_PEER_PORT, port);
  }
  if (protocolVersion !== undefined) span.setAttribute(ATTR_NETWORK_PROTOCOL_VERSION, protocolVersion);
}

/** One literal for nearly all requests: its shape is stable, and made faster than one that grows. */
function commonAttributes(
  { method, path, scheme }: RequestLine,
  server: string | undefined,
  client: string | undefined,
  userAgent: string | undefined,
): Attributes {
  if (server && client && userAgent)
    return {
      'http.request.method': method,
      'url.path': path,
      'url.scheme': scheme,
      'server.address': server,
      'client.address': client,
      'user_agent.original': userAgent,
    };
  const attributes: Attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: method,
    [ATTR_URL_PATH]: path,
    [ATTR_URL_SCHEME]: scheme,
  };
  setIfKnown(attributes, ATTR_SERVER_ADDRESS, server);
  setIfKnown(attributes, ATTR_CLIENT_ADDRESS, client);
  setIfKnown(attributes, ATTR_USER_AGENT_ORIGINAL, userAgent);
  return attributes;
}

function addOptIn<Req>(
  request: Req,
  getter: HttpRequestGetter<Req>,
  userAgent: string | undefined,
  optIn: ReadonlySet<string>,
  attributes: Attributes,
): void {
  const add = (name: string, read: () => string | number | undefined): void => {
    if (optIn.has(name)) setIfKnown(attributes, name, read());
  };
  add(ATTR_CLIENT_PORT, () => getter.clientPort?.(request));
  add(ATTR_NETWORK_LOCAL_ADDRESS, () => getter.localAddress?.(request));
  add(ATTR_NETWORK_LOCAL_PORT, () => getter.localPort?.(request));
  add(ATTR_NETWORK_TRANSPORT, () => getter.transport?.(request));
  add(ATTR_USER_AGENT_SYNTHETIC_TYPE, () => syntheticType(userAgent));
}

/** `bot` for crawlers, `test` for synthetic monitoring, by words in the user agent. */
function syntheticType(userAgent: string | undefined): 'bot' | 'test' | undefined {
  if (userAgent === undefined) return undefined;
  if (/alwayson|synthetic|pingdom|uptimerobot|statuscake/i.test(userAgent)) return 'test';
  return /bot\b|crawler|spider|slurp/i.test(userAgent) ? 'bot' : undefined;
}

/** SDKs record empty and nullish values differently; none is ever passed on. */
function setIfKnown(attributes: Attributes, name: string, value: string | number | undefined): void {
  if (value !== undefined && value !== '') attributes[name] = value;
}
