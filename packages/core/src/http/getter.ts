import type { TextMapGetter } from '@opentelemetry/api';

/**
 * Reads an HTTP request of any shape, as a `TextMapGetter` reads a carrier.
 *
 * Stateless: an adapter has one getter, never one per request. Every function is called with the framework's own
 * request object and must not throw, whatever bytes the client sent. Optional functions are left out where the
 * substrate cannot know the answer; the attribute is then absent.
 */
export interface HttpRequestGetter<Req> extends TextMapGetter<Req> {
  /** The lower-case names of the header fields that were received. */
  keys(request: Req): string[];
  /** A header's value, repeated fields joined by a comma, by its lower-case name. */
  get(request: Req, name: string): string | undefined;
  /** A header's values by its lower-case name, one element per field received, in an array of the caller's own. */
  headerValues(request: Req, name: string): string[] | undefined;
  /** The method token as received: `GET`, `PURGE`. */
  method(request: Req): string;
  /** The request target as received, before any router rewrote it: `/orders/42?expand=items`. */
  target(request: Req): string;
  /** The scheme that the client used, as far as a trusted proxy tells; else that of the connection. */
  scheme(request: Req): string;
  /** The authority that the client named, from a trusted proxy, `:authority` or `Host`: `example.com:8443`. */
  authority(request: Req): string | undefined;
  /** The object that is the same for every registration on this request; its operation is kept on it. */
  identity(request: Req): object;
  /** The client's address, as far as a trusted proxy tells; else that of the peer. */
  clientAddress?(request: Req): string | undefined;
  /** The port that belongs to {@link clientAddress}. */
  clientPort?(request: Req): number | undefined;
  /** The address of the other end of the socket, whatever headers say. */
  peerAddress?(request: Req): string | undefined;
  /** The port of the other end of the socket. */
  peerPort?(request: Req): number | undefined;
  /** The address of this end of the socket. */
  localAddress?(request: Req): string | undefined;
  /** The port of this end of the socket. */
  localPort?(request: Req): number | undefined;
  /** The transport below HTTP: `tcp`, `unix`, `quic`. */
  transport?(request: Req): string | undefined;
  /** The protocol version without a trailing zero for HTTP/2: `1.0`, `1.1`, `2`. */
  protocolVersion?(request: Req): string | undefined;
  /** True when the framework itself says that this request is not to be traced, as `excludedUrls` would. */
  isExcluded?(request: Req): boolean;
  /** The route template, only where the router has matched before the operation starts. */
  route?(request: Req): string | undefined;
}

/** Reads an HTTP response of any shape. Stateless, like {@link HttpRequestGetter}. */
export interface HttpResponseGetter<Res> {
  /** The status code that was sent, or `undefined` when the head was never sent. */
  statusCode(response: Res): number | undefined;
  /** The lower-case names of the header fields that are set. */
  keys(response: Res): string[];
  /** A header's values by its lower-case name, one element per field, in an array of the caller's own. */
  headerValues(response: Res, name: string): string[] | undefined;
  /** Replaces a header; called only before the head is sent. */
  setHeader(response: Res, name: string, value: string): void;
}
