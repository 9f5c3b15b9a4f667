import { isIP } from 'node:net';
import { parseAuthority } from '@otel-middleware/core';
import forwardedParse from 'forwarded-parse';
import proxyaddr from 'proxy-addr';
import type { NodeRequest } from './request.js';

/** Tells whether a proxy is trusted, by its address and its distance from the server, the peer being 0. */
export type Trust = (address: string, distance: number) => boolean;

/**
 * Which proxies are trusted, in the forms of Express's `trust proxy`: all (`true`), so many hops next to the server, the
 * addresses and subnets of a comma-separated string or an array (also `loopback`, `linklocal`, `uniquelocal`), or a function.
 */
export type TrustProxy = boolean | number | string | readonly string[] | Trust;

/** What trusted proxies tell of the original request; everything may be unknown. */
export interface ForwardedRequest {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/**
 * Compiles `trustProxy`; `undefined` when nobody is trusted.
 *
 * @throws TypeError when the value has none of the forms, or holds an address that is not valid.
 */
export function compileTrust(trustProxy: TrustProxy | undefined): Trust | undefined {
  if (trustProxy === undefined || trustProxy === false || trustProxy === 0) return undefined;
  if (typeof trustProxy === 'function') return trustProxy;
  if (trustProxy === true) return () => true;
  if (typeof trustProxy === 'number') return (_address, distance) => distance < trustProxy;
  const addresses = typeof trustProxy === 'string' ? trustProxy.split(',') : [...trustProxy];
  try {
    return proxyaddr.compile(addresses.map((address) => address.trim()));
  } catch (error) {
    const reason = (error as Error).message;
    throw new TypeError(
      `@otel-middleware/node-http: option "trustProxy" must be a boolean, a number of hops, addresses or subnets, or a function: ${reason}.`,
      { cause: error },
    );
  }
}

/** An IPv4 address that a dual-stack socket maps into IPv6 is written as IPv4; others stay. */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * What the proxies that are trusted tell of a request, or `undefined` when the peer is not one of them. Never throws.
 *
 * One family of headers is read: `X-Forwarded-*` when there is any, since proxies that write those pass a client's own
 * `Forwarded` on, else `Forwarded`. A value that is not valid is left out.
 */
export function forwardedOf(request: NodeRequest, trust: Trust): ForwardedRequest | undefined {
  try {
    const peer = request.socket.remoteAddress;
    if (peer === undefined || !trust(peer, 0)) return undefined;
    const { headers } = request;
    const extended = 'x-forwarded-for' in headers || 'x-forwarded-proto' in headers || 'x-forwarded-host' in headers;
    if (extended) return fromExtendedHeaders(request, trust);
    return typeof headers.forwarded === 'string' ? fromForwarded(request, headers.forwarded, trust) : undefined;
  } catch {
    // The header is malformed, or the user's trust function threw: nobody is believed.
    return undefined;
  }
}

function fromExtendedHeaders(request: NodeRequest, trust: Trust): ForwardedRequest {
  const client = proxyaddr(request as Parameters<typeof proxyaddr>[0], trust);
  const first = (name: string): string | undefined => String(request.headers[name] ?? '').split(',', 1)[0]?.trim();
  return forwarded(client, first('x-forwarded-proto'), first('x-forwarded-host'));
}

/** Values that need quotes, for a port or an IPv6 address, which some proxies leave out. */
const UNQUOTED = /=([^\s",;]*[:[][^\s",;]*)/g;

/** The element that the outermost trusted proxy wrote: the last one that the walk from the server's side reaches. */
function fromForwarded(request: NodeRequest, header: string, trust: Trust): ForwardedRequest {
  const elements = forwardedParse(header.replace(UNQUOTED, '="$1"'));
  const addresses = elements.map((element) => element['for'] ?? 'unknown');
  const carrier = { socket: request.socket, headers: { 'x-forwarded-for': addresses.map(bareAddress).join(', ') } };
  const reached = proxyaddr.all(carrier as unknown as Parameters<typeof proxyaddr.all>[0], trust).length - 1;
  const element = elements[elements.length - reached];
  return forwarded(element?.['for'], element?.['proto'], element?.['host']);
}

function forwarded(client: string | undefined, proto: string | undefined, host: string | undefined): ForwardedRequest {
  const { address, port } = client === undefined ? NOBODY : nodeOf(client);
  const scheme = proto?.toLowerCase();
  return {
    address,
    port,
    proto: scheme === 'http' || scheme === 'https' ? scheme : undefined,
    host: host !== undefined && parseAuthority(host) !== undefined ? host : undefined,
  };
}

const NOBODY = { address: undefined, port: undefined };

/** Address and port of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; nothing for `unknown` and `_hidden`. */
function nodeOf(node: string): { address: string | undefined; port: number | undefined } {
  if (isIP(node) !== 0) return { address: plainAddress(node), port: undefined };
  const parsed = parseAuthority(node);
  return parsed !== undefined && isIP(parsed.address) !== 0
    ? { address: plainAddress(parsed.address), port: parsed.port }
    : NOBODY;
}

function bareAddress(node: string): string {
  return nodeOf(node).address ?? node;
}
