import type { HttpRequestGetter } from '@otel-middleware/core';
import type { ForwardedRequest, NodeRequestLike } from '@otel-middleware/core/node';
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

/** A request as it is read: where, is found out once. */
export interface FetchRead<Req> {
  readonly of: Req;
  readonly request: Request;
  readonly environment: unknown;
  /** Node's own request, where the server shows it. */
  readonly incoming: NodeRequestLike | undefined;
}

/**
 * Reads the `Request` behind a framework's request, or Node's own request where the server shows it: that is faster to
 * read, and knows more.
 *
 * @param trusted - what trusted headers tell, from {@link compileTrustedHeaders}.
 * @returns how requests are read, as the configuration of an instrumentation has it.
 */
export function fetchRequest<Req>(
  { request, environment: handedOver }: FetchSource<Req>,
  trusted: ((header: HeaderLookup) => ForwardedRequest) | undefined,
): { source(request: Req): FetchRead<Req>; request: HttpRequestGetter<FetchRead<Req>> } {
  const forwarded = (read: FetchRead<Req>): ForwardedRequest | undefined =>
    trusted?.((name) => getter.get(read, name));
  const onNode = nodeRequest<FetchRead<Req>>(({ incoming }) => incoming as NodeRequestLike, forwarded);
  const elsewhere = standardRequest<FetchRead<Req>>(forwarded);
  const by = (read: FetchRead<Req>) => (read.incoming === undefined ? elsewhere : onNode);
  const getter: HttpRequestGetter<FetchRead<Req>> = {
    keys: (read) => by(read).keys(read),
    get: (read, name) => by(read).get(read, name),
    headerValues: (read, name) => by(read).headerValues(read, name),
    method: (read) => by(read).method(read),
    target: (read) => by(read).target(read),
    scheme: (read) => by(read).scheme(read),
    authority: (read) => by(read).authority(read),
    identity: (read) => by(read).identity(read),
    clientAddress: (read) => by(read).clientAddress?.(read),
    clientPort: (read) => by(read).clientPort?.(read),
    peerAddress: (read) => by(read).peerAddress?.(read),
    peerPort: (read) => by(read).peerPort?.(read),
    localAddress: (read) => by(read).localAddress?.(read),
    localPort: (read) => by(read).localPort?.(read),
    transport: (read) => by(read).transport?.(read),
    protocolVersion: (read) => by(read).protocolVersion?.(read),
  };
  const source = (of: Req): FetchRead<Req> => {
    const environment = handedOver(of);
    return { of, request: request(of), environment, incoming: incomingOf(environment) };
  };
  return { source, request: getter };
}

/** Reads a `Request`, which tells neither its connection nor the version of HTTP. */
function standardRequest<Read extends Pick<FetchRead<unknown>, 'request' | 'environment'>>(
  forwarded: (read: Read) => ForwardedRequest | undefined,
): HttpRequestGetter<Read> {
  const get = ({ request }: Read, name: string): string | undefined => request.headers.get(name) ?? undefined;
  const peer = ({ environment, request }: Read) => remoteAddress(environment, request);
  return {
    keys: ({ request }) => [...request.headers.keys()],
    get,
    // `Headers` has joined repeated fields.
    headerValues: (read, name) => {
      const value = get(read, name);
      return value === undefined ? undefined : [value];
    },
    method: ({ request }) => request.method,
    // In absolute form, from which core slices path and query without parsing, so that no byte changes.
    target: ({ request }) => request.url,
    scheme: (read) => forwarded(read)?.proto ?? (read.request.url.startsWith('https:') ? 'https' : 'http'),
    authority: (read) => forwarded(read)?.host ?? get(read, 'host') ?? authorityOf(read.request.url),
    identity: ({ request }) => outermostRequest(request),
    clientAddress: (read) => forwarded(read)?.address ?? peer(read)?.address,
    clientPort: (read) => {
      const { address, port } = forwarded(read) ?? {};
      return address === undefined ? peer(read)?.port : port;
    },
    peerAddress: (read) => peer(read)?.address,
    peerPort: (read) => peer(read)?.port,
    transport: (read) => peer(read)?.transport,
  };
}

/** The authority of an absolute URL as a runtime has written it, without the default port. */
function authorityOf(url: string): string {
  const start = url.indexOf('://') + 3;
  const end = url.indexOf('/', start);
  return url.slice(start, end === -1 ? url.length : end);
}
