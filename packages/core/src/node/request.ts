import type { HttpRequestGetter } from '../http/getter.js';
import { forwardedNode, parseAuthority, plainAddress } from '../http/host.js';
import type { NodeRequestLike } from './request-and-response.js';

/** The original request as a trusted proxy describes it; what the proxy leaves out is `undefined`. */
export interface ForwardedRequest {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/**
 * Takes what a framework or a header tells of the original request, as far as it is valid: an address, with or without a
 * port, `http` or `https`, and an authority.
 */
export function forwardedRequest(
  client: string | undefined,
  proto: string | undefined,
  host: string | undefined,
): ForwardedRequest {
  const node = client === undefined ? undefined : forwardedNode(client);
  const scheme = proto?.toLowerCase();
  return {
    address: node?.address,
    port: node?.port,
    proto: scheme === 'http' || scheme === 'https' ? scheme : undefined,
    host: host !== undefined && parseAuthority(host) !== undefined ? host : undefined,
  };
}

/** Reads what trusted proxies say about a request, given with the Node request behind it. */
export type ForwardedReader<Req> = (request: Req, raw: NodeRequestLike) => ForwardedRequest | undefined;

/**
 * Reads the Node request behind a framework's request.
 *
 * @param raw - returns the Node request; every framework keeps it somewhere.
 * @param forwarded - returns what trusted proxies say about the request, `undefined` when none is trusted. Default: proxies
 * are not trusted.
 * @example nodeRequest((request) => request, forwardedBy(() => trust))
 */
export function nodeRequest<Req>(
  raw: (request: Req) => NodeRequestLike,
  forwarded: ForwardedReader<Req> = () => undefined,
): HttpRequestGetter<Req> {
  const forwardedOf = (request: Req): ForwardedRequest | undefined => forwarded(request, raw(request));
  return {
    keys: (request) => Object.keys(raw(request).headers).filter((name) => !name.startsWith(':')),
    get: (request, name) => joined(raw(request).headers[name]),
    headerValues: (request, name) => headerValues(raw(request), name),
    method: (request) => raw(request).method as string,
    target: (request) => targetOf(raw(request)),
    scheme: (request) => forwardedOf(request)?.proto ?? (isEncrypted(raw(request)) ? 'https' : 'http'),
    authority: (request) => forwardedOf(request)?.host ?? authorityOf(raw(request)),
    identity: raw,
    clientAddress: (request) =>
      forwardedOf(request)?.address ?? plainAddress(raw(request).socket.remoteAddress),
    clientPort: (request) => {
      const { remoteAddress, remotePort } = raw(request).socket;
      const told = forwardedOf(request);
      return told?.address === undefined || told.address === plainAddress(remoteAddress)
        ? remotePort
        : told.port;
    },
    peerAddress: (request) => plainAddress(raw(request).socket.remoteAddress),
    peerPort: (request) => raw(request).socket.remotePort,
    localAddress: (request) => plainAddress(raw(request).socket.localAddress),
    localPort: (request) => raw(request).socket.localPort,
    transport: (request) => (raw(request).socket.remoteAddress === undefined ? 'unix' : 'tcp'),
    protocolVersion: (request) => protocolVersion(raw(request).httpVersion),
  };
}

/** Connect and Express rewrite `url` for mounted routers and keep the original. */
function targetOf(request: NodeRequestLike): string {
  return (request as { originalUrl?: string }).originalUrl ?? (request.url as string);
}

function authorityOf({ headers }: NodeRequestLike): string | undefined {
  return joined(headers[':authority'] ?? headers.host);
}

function isEncrypted({ socket }: NodeRequestLike): boolean {
  return (socket as { encrypted?: boolean }).encrypted === true;
}

/** Node writes HTTP/2 as `2.0`; the convention has no minor version there. */
function protocolVersion(version: string): string {
  return version === '2.0' ? '2' : version;
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/**
 * One element per header field. Node joins repeated fields with a comma, and cookies with a semicolon, so only a value that
 * holds one has to be looked up as it was received, name by name.
 */
function headerValues({ headers, rawHeaders }: NodeRequestLike, name: string): string[] | undefined {
  const value = headers[name];
  if (Array.isArray(value)) return [...value];
  // Not what an object inherits, such as `constructor`.
  if (typeof value !== 'string') return undefined;
  if (!value.includes(',') && !value.includes(';')) return [value];
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] as string);
  }
  return values.length === 0 ? [value] : values;
}
