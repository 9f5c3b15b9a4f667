import type { ForwardedRequest } from '@otel-middleware/core/node';
import { forwardedRequest } from '@otel-middleware/core/node';

/** Reads a header of the request at hand, by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

/** The option on trusted headers, for adapters that cannot know proxies by their address. */
export interface TrustProxyOption {
  /**
   * Headers that the proxy in front of this server sets itself, in the order in which they are asked: `forwarded`,
   * `x-forwarded-for`, `x-forwarded-proto`, `x-forwarded-host`, or one with a client's address such as `cf-connecting-ip`.
   * They decide `client.address`, `url.scheme` and `server.address`. Default: none, since clients can write them too.
   */
  trustProxy?: readonly string[] | undefined;
}

/** Not those that begin with a digit, which no header does: addresses, as other adapters take them. */
const HEADER_NAME = /^(?!\d)[!#$%&'*+.^_`|~\w-]+$/;

/**
 * Compiles `trustProxy`; `undefined` when no header is trusted. What none of them tells validly is left out.
 *
 * Of a header that lists several hops the last counts, which the proxy next to this server wrote: clients can put
 * whatever they like before it.
 *
 * @param owner - the package that error messages name.
 * @throws TypeError when it is no list of header names.
 */
export function compileTrustedHeaders(
  owner: string,
  trustProxy: readonly string[] | undefined,
): ((header: HeaderLookup) => ForwardedRequest) | undefined {
  if (trustProxy === undefined) return undefined;
  const isName = (name: unknown): boolean => typeof name === 'string' && HEADER_NAME.test(name);
  if (!Array.isArray(trustProxy) || !trustProxy.every(isName)) {
    throw new TypeError(
      `${owner}: option "trustProxy" must be an array of header names, not ${String(trustProxy)}. Name those that the proxy in ` +
        "front of this server sets itself, such as ['cf-connecting-ip', 'x-forwarded-for', 'forwarded']; the addresses of proxies are not known on every runtime.",
    );
  }
  const names = trustProxy.map((name) => name.toLowerCase());
  if (names.length === 0) return undefined;
  return (header) => {
    let known = NOTHING;
    for (const name of names) {
      const value = header(name);
      if (value !== undefined) known = withRest(known, parseForwardedHeader(name, value));
    }
    return known;
  };
}

const NOTHING: ForwardedRequest = forwardedRequest(undefined, undefined, undefined);

/** Merges two readings; the values of the first win. */
function withRest(known: ForwardedRequest, other: ForwardedRequest): ForwardedRequest {
  const { address, port } = known.address === undefined ? other : known;
  return { address, port, proto: known.proto ?? other.proto, host: known.host ?? other.host };
}

function parseForwardedHeader(name: string, value: string): ForwardedRequest {
  if (name === 'forwarded') {
    const element = lastElement(value);
    return forwardedRequest(element.for, element.proto, element.host);
  }
  const last = value.slice(value.lastIndexOf(',') + 1).trim();
  if (name === 'x-forwarded-proto') return forwardedRequest(undefined, last, undefined);
  if (name === 'x-forwarded-host') return forwardedRequest(undefined, undefined, last);
  return forwardedRequest(last, undefined, undefined);
}

/** A parameter, quoted or not, or the comma that ends an element; a name without a value is passed over in one step. */
const PARAMETER = /([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))?)?|,/g;

/**
 * The parameters of the last element of `Forwarded`; what is none is passed over.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7239#section-4
 */
function lastElement(header: string): Record<string, string | undefined> {
  let element: Record<string, string | undefined> = {};
  for (const [token, name, quoted, plain] of header.matchAll(PARAMETER)) {
    if (token === ',') element = {};
    else if (name !== undefined) element[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain;
  }
  return element;
}
