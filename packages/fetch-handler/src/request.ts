import type { HttpRequestGetter } from '@otel-middleware/core';
import type { ForwardedRequest, NodeRequestLike } from '@otel-middleware/core/node';
import { nodeRequest } from '@otel-middleware/core/node';
import { incomingOf, remoteAddress } from './connection.js';
import { outermostRequest } from './request-identity.js';
import type { HeaderLookup } from './trusted-headers.js';

/** Access to the objects from which a framework's request is read. */
export interface FetchAccess<Req> {
  request(request: Req): Request;
  /** Returns the environment passed beside the request: the handler's second argument, Hono's `c.env`. */
  environment(request: Req): unknown;
}

/** The source of a framework's request: everything that getters read, looked up once. */
export interface FetchSource {
  readonly request: Request;
  readonly environment: unknown;
  /** Node's own request, if the server exposes it. */
  readonly incoming: NodeRequestLike | undefined;
}

/**
 * Reads the `Request` behind a framework's request, or Node's own request if the server exposes it, which is faster to read
 * and knows more.
 *
 * @param trusted - reads what trusted headers say, from {@link compileTrustedHeaders}.
 * @returns the `source` and `request` of an instrumentation's configuration.
 */
export function fetchRequest<Req>(
  { request, environment: handedOver }: FetchAccess<Req>,
  trusted: ((header: HeaderLookup) => ForwardedRequest) | undefined,
): {
  source(request: Req): FetchSource;
  request(source: FetchSource): HttpRequestGetter<FetchSource>;
} {
  const getterOf = ({ incoming }: FetchSource) => (incoming === undefined ? elsewhere : onNode);
  const forwarded = (source: FetchSource): ForwardedRequest | undefined =>
    trusted?.((name) => getterOf(source).get(source, name));
  const onNode = nodeRequest<FetchSource>(({ incoming }) => incoming as NodeRequestLike, forwarded);
  const elsewhere = standardRequest(forwarded);
  const source = (of: Req): FetchSource => {
    const environment = handedOver(of);
    return { request: request(of), environment, incoming: incomingOf(environment) };
  };
  return { source, request: getterOf };
}

/** Reads a `Request`, which tells neither its connection nor the version of HTTP. */
function standardRequest(
  forwarded: (source: FetchSource) => ForwardedRequest | undefined,
): HttpRequestGetter<FetchSource> {
  const get = ({ request }: FetchSource, name: string): string | undefined =>
    request.headers.get(name) ?? undefined;
  const peer = ({ environment, request }: FetchSource) => remoteAddress(environment, request);
  return {
    keys: ({ request }) => [...request.headers.keys()],
    get,
    // `Headers` has joined repeated fields.
    headerValues: (source, name) => {
      const value = get(source, name);
      return value === undefined ? undefined : [value];
    },
    method: ({ request }) => request.method,
    // In absolute form, from which core slices path and query without parsing, so that no byte changes.
    target: ({ request }) => request.url,
    scheme: (source) =>
      forwarded(source)?.proto ?? (source.request.url.startsWith('https:') ? 'https' : 'http'),
    authority: (source) => forwarded(source)?.host ?? get(source, 'host') ?? authorityOf(source.request.url),
    identity: ({ request }) => outermostRequest(request),
    clientAddress: (source) => forwarded(source)?.address ?? peer(source)?.address,
    clientPort: (source) => {
      const { address, port } = forwarded(source) ?? {};
      return address === undefined ? peer(source)?.port : port;
    },
    peerAddress: (source) => peer(source)?.address,
    peerPort: (source) => peer(source)?.port,
    transport: (source) => peer(source)?.transport,
  };
}

/** The authority of an absolute URL as a runtime has written it, without the default port. */
function authorityOf(url: string): string {
  const start = url.indexOf('://') + 3;
  const end = url.indexOf('/', start);
  return url.slice(start, end === -1 ? url.length : end);
}
