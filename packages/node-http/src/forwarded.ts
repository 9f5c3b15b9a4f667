import { forwardedNode } from '@otel-middleware/core';
import type { ForwardedReader, ForwardedRequest, NodeRequestLike } from '@otel-middleware/core/node';
import { forwardedRequest } from '@otel-middleware/core/node';
import forwardedParse from 'forwarded-parse';
import proxyaddr from 'proxy-addr';

/** Tells whether a proxy is trusted, by its address (empty on a UNIX socket) and its distance, the peer being 0. */
export type Trust = (address: string, distance: number) => boolean;

/**
 * The trusted proxies, in the forms of Express's `trust proxy`:
 *
 * - `true`: all of them
 * - a number: that many hops next to the server
 * - a comma-separated string or an array: addresses and subnets, also `loopback`, `linklocal` and `uniquelocal`
 * - a function of address and distance
 */
export type TrustProxy = boolean | number | string | readonly string[] | Trust;

/**
 * Compiles `trustProxy`; `undefined` when nobody is trusted.
 *
 * @throws TypeError when the value has none of the forms, or holds an address that is not valid.
 */
export function compileTrust(trustProxy: TrustProxy | undefined): Trust | undefined {
  if (trustProxy === undefined || trustProxy === false || trustProxy === 0) return undefined;
  if (typeof trustProxy === 'function') return trustProxy;
  if (trustProxy === true) return () => true;
  if (typeof trustProxy === 'number' && Number.isSafeInteger(trustProxy) && trustProxy > 0) {
    return (_address, distance) => distance < trustProxy;
  }
  try {
    const addresses =
      typeof trustProxy === 'string' ? trustProxy.split(',') : [...(trustProxy as readonly string[])];
    return proxyaddr.compile(addresses.map((address) => address.trim()));
  } catch (error) {
    throw new TypeError(
      '@otel-middleware/node-http: option "trustProxy" must be a boolean, a number of hops, addresses or subnets, or a ' +
        `function, not ${String(trustProxy)}: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}

const FORWARDED: unique symbol = Symbol('what trusted proxies tell');

/** The parts of a request that are read, and the result, which is kept on it. */
interface ForwardingRequest {
  readonly headers: NodeRequestLike['headers'];
  readonly socket: { readonly remoteAddress?: string | undefined };
  [FORWARDED]?: ForwardedRequest | undefined;
}

/**
 * Makes the second argument of `nodeRequest` from the proxies that an application trusts.
 *
 * @param trust - returns the compiled proxies for a request, `undefined` to trust none.
 */
export function forwardedBy<Req>(trust: (request: Req) => Trust | undefined): ForwardedReader<Req> {
  return (request, raw) => {
    const trusted = trust(request);
    return trusted === undefined ? undefined : forwardedOf(raw, trusted);
  };
}

/**
 * Reads what the trusted proxies say about a request; `undefined` if the peer is not one of them. Never throws.
 *
 * One family of headers is read: `X-Forwarded-*` when there is any, since proxies that write those pass a client's own
 * `Forwarded` on, else `Forwarded`. A value that is not valid is left out. Read once, then remembered on the request.
 */
function forwardedOf(request: ForwardingRequest, trust: Trust): ForwardedRequest | undefined {
  if (!(FORWARDED in request)) request[FORWARDED] = read(request, trust);
  return request[FORWARDED];
}

function read(request: ForwardingRequest, trust: Trust): ForwardedRequest | undefined {
  try {
    const { headers } = request;
    if (!trust(request.socket.remoteAddress ?? '', 0)) return undefined;
    const extended =
      'x-forwarded-for' in headers || 'x-forwarded-proto' in headers || 'x-forwarded-host' in headers;
    if (extended) return fromExtendedHeaders(headers, trust);
    return typeof headers.forwarded === 'string' ? fromForwarded(headers.forwarded, trust) : undefined;
  } catch {
    // The header is malformed, or the user's trust function threw: nobody is believed.
    return undefined;
  }
}

/** Each header is a list of its own, to which proxies append: the trusted part of all is as long as that of the addresses. */
function fromExtendedHeaders(headers: NodeRequestLike['headers'], trust: Trust): ForwardedRequest {
  const values = (name: string): string[] => {
    const value = headers[name];
    return value === undefined
      ? []
      : String(value)
          .split(',')
          .map((member) => member.trim());
  };
  const addresses = values('x-forwarded-for');
  const hops = trustedHops(addresses, trust);
  const reached = (list: readonly string[]): string | undefined => {
    // Without addresses only those who trust by distance, or everybody, can say how far to go.
    const walked = addresses.length > 0 ? hops : trustedHops(new Array<string>(list.length).fill(''), trust);
    return list[Math.max(0, list.length - walked)];
  };
  return forwardedRequest(
    reached(addresses),
    reached(values('x-forwarded-proto')),
    reached(values('x-forwarded-host')),
  );
}

/** Values that need quotes, for a port or an IPv6 address, which some proxies leave out. */
const UNQUOTED = /=([^\s",;=:[]*[:[][^\s",;=]*)/g;

function fromForwarded(header: string, trust: Trust): ForwardedRequest {
  const elements = forwardedParse(header.replace(UNQUOTED, '="$1"'));
  const addresses = elements.map((element) => element.for ?? 'unknown');
  const element = elements[elements.length - trustedHops(addresses, trust)];
  return forwardedRequest(element?.for, element?.proto, element?.host);
}

/** Counts the forwarded addresses, from the server's end, that trusted proxies wrote; at least one. */
function trustedHops(addresses: readonly string[], trust: Trust): number {
  let hops = 1;
  for (let index = addresses.length - 1; index > 0; index--) {
    if (!trust(bareAddress(addresses[index] as string), hops)) break;
    hops++;
  }
  return hops;
}

function bareAddress(node: string): string {
  return forwardedNode(node)?.address ?? node;
}
