import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { HttpRequestGetter } from '@otel-middleware/core';
import { forwardedOf, plainAddress } from './forwarded.js';
import type { Trust } from './forwarded.js';

/** A request as Node's servers hand it out: HTTP/1, or HTTP/2 through the compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/**
 * Reads the Node request behind a framework's request.
 *
 * @param raw - finds the Node request; every framework keeps it somewhere.
 * @param trust - the proxies whose forwarding headers are believed for this request; `undefined` for none.
 */
export function nodeRequest<Req>(
  raw: (request: Req) => NodeRequest,
  trust: (request: Req) => Trust | undefined,
): HttpRequestGetter<Req> {
  const forwarded = (request: Req) => {
    const trusts = trust(request);
    return trusts === undefined ? undefined : forwardedOf(raw(request), trusts);
  };
  return {
    keys: (request) => Object.keys(raw(request).headers).filter((name) => !name.startsWith(':')),
    get: (request, name) => joined(raw(request).headers[name]),
    headerValues: (request, name) => headerValues(raw(request), name),
    method: (request) => raw(request).method as string,
    // Connect and Express rewrite `url` for mounted routers and keep the original.
    target: (request) => targetOf(raw(request)),
    scheme: (request) => forwarded(request)?.proto ?? (isEncrypted(raw(request)) ? 'https' : 'http'),
    authority: (request) => forwarded(request)?.host ?? authorityOf(raw(request)),
    carrier: raw,
    clientAddress: (request) => forwarded(request)?.address ?? plainAddress(raw(request).socket.remoteAddress),
    clientPort: (request) => {
      const trusted = forwarded(request);
      return trusted === undefined ? raw(request).socket.remotePort : trusted.port;
    },
    peerAddress: (request) => plainAddress(raw(request).socket.remoteAddress),
    peerPort: (request) => raw(request).socket.remotePort,
    localAddress: (request) => plainAddress(raw(request).socket.localAddress),
    localPort: (request) => raw(request).socket.localPort,
    transport: (request) => (raw(request).socket.remoteAddress === undefined ? 'unix' : 'tcp'),
    protocolVersion: (request) => protocolVersion(raw(request).httpVersion),
  };
}

function targetOf(request: NodeRequest): string {
  return (request as { originalUrl?: string }).originalUrl ?? (request.url as string);
}

function authorityOf(request: NodeRequest): string | undefined {
  return joined(request.headers[':authority']) ?? request.headers.host;
}

function isEncrypted(request: NodeRequest): boolean {
  return (request.socket as { encrypted?: boolean }).encrypted === true;
}

/** Node writes HTTP/2 as `2.0`; the convention has no minor version there. */
function protocolVersion(version: string): string {
  return version === '2.0' ? '2' : version;
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/**
 * One element per header field. Node joins repeated fields with a comma, so only a value that holds one has to be looked
 * up as it was received, name by name.
 */
function headerValues({ headers, rawHeaders }: NodeRequest, name: string): readonly string[] | undefined {
  const value = headers[name];
  if (value === undefined || Array.isArray(value)) return value;
  if (!value.includes(',') && !value.includes(';')) return [value];
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] as string);
  }
  return values.length === 0 ? [value] : values;
}
