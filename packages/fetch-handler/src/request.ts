import type { HttpRequestGetter } from '@otel-middleware/core';
import type { ForwardedRequest, NodeRequest } from '@otel-middleware/core/node';
import { nodeRequest } from '@otel-middleware/core/node';
import { incomingOf, remoteAddress } from './connection.js';
import { outermostRequest } from './request-identity.js';
import type { HeaderLookup } from './trusted-headers.js';

/** Where a framework keeps what a request is read from. */
export interface FetchSource<Req> {
  request(request: Req): Request;
  /** What the runtime handed over beside the request: the handler's second argument, Hono's `c.env`. */
  environment(request: Req): unknown;
}

/**
 * Reads the `Request` behind a framework's request, or Node's own request where the server shows it: that is faster to
 * read, and knows more.
 *
 * @param trusted - what trusted headers tell, from {@link compileTrustedHeaders}.
 */
export function fetchRequest<Req>(
  source: FetchSource<Req>,
  trusted: ((header: HeaderLookup) => ForwardedRequest) | undefined,
): HttpRequestGetter<Req> {
  const incoming = (request: Req): NodeRequest | undefined => incomingOf(source.environment(request));
  const forwarded = (request: Req): ForwardedRequest | undefined =>
    trusted?.((name) => getter.get(request, name));
  const onNode = nodeRequest<Req>((request) => incoming(request) as NodeRequest, forwarded);
  const elsewhere = standardRequest(source, forwarded);
  const of = (request: Req): HttpRequestGetter<Req> => (incoming(request) === undefined ? elsewhere : onNode);
  const getter: HttpRequestGetter<Req> = {
    keys: (request) => of(request).keys(request),
    get: (request, name) => of(request).get(request, name),
    headerValues: (request, name) => of(request).headerValues(request, name),
    method: (request) => of(request).method(request),
    target: (request) => of(request).target(request),
    scheme: (request) => of(request).scheme(request),
    authority: (request) => of(request).authority(request),
    carrier: (request) => of(request).carrier(request),
    clientAddress: (request) => of(request).clientAddress?.(request),
    clientPort: (request) => of(request).clientPort?.(request),
    peerAddress: (request) => of(request).peerAddress?.(request),
    peerPort: (request) => of(request).peerPort?.(request),
    localAddress: (request) => of(request).localAddress?.(request),
    localPort: (request) => of(request).localPort?.(request),
    transport: (request) => of(request).transport?.(request),
    protocolVersion: (request) => of(request).protocolVersion?.(request),
  };
  return getter;
}

/** Reads a `Request`, which tells neither its connection nor the version of HTTP. */
function standardRequest<Req>(
  { request: raw, environment }: FetchSource<Req>,
  forwarded: (request: Req) => ForwardedRequest | undefined,
): HttpRequestGetter<Req> {
  const get = (request: Req, name: string): string | undefined => raw(request).headers.get(name) ?? undefined;
  const peer = (request: Req) => remoteAddress(environment(request), raw(request));
  return {
    keys: (request) => [...raw(request).headers.keys()],
    get,
    // `Headers` has joined repeated fields.
    headerValues: (request, name) => {
      const value = get(request, name);
      return value === undefined ? undefined : [value];
    },
    method: (request) => raw(request).method,
    // In absolute form, from which core slices path and query without parsing, so that no byte changes.
    target: (request) => raw(request).url,
    scheme: (request) =>
      forwarded(request)?.proto ?? (raw(request).url.startsWith('https:') ? 'https' : 'http'),
    authority: (request) => forwarded(request)?.host ?? get(request, 'host') ?? authorityOf(raw(request).url),
    carrier: (request) => outermostRequest(raw(request)),
    clientAddress: (request) => forwarded(request)?.address ?? peer(request)?.address,
    clientPort: (request) => {
      const { address, port } = forwarded(request) ?? {};
      return address === undefined ? peer(request)?.port : port;
    },
    peerAddress: (request) => peer(request)?.address,
    peerPort: (request) => peer(request)?.port,
    transport: (request) => peer(request)?.transport,
  };
}

/** The authority of an absolute URL as a runtime has written it, without the default port. */
function authorityOf(url: string): string {
  const start = url.indexOf('://') + 3;
  const end = url.indexOf('/', start);
  return url.slice(start, end === -1 ? url.length : end);
}
