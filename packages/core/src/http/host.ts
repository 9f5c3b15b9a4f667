/** Host and port as an authority names them; an IPv6 address stands without its brackets. */
export interface HostAndPort {
  readonly address: string;
  readonly port: number | undefined;
}

/**
 * Bounds the cache of parsed authorities. Clients choose the Host header, so it must not grow with them; a service has
 * few names of its own.
 */
const CACHE_LIMIT = 256;
const AUTHORITY = /^(?:\[([\dA-Za-z:.%]+)\]|([\w.~!$&'()*+;=%-]+))(?::(\d{0,5}))?$/;
const cache = new Map<string, HostAndPort | undefined>();
/** The one that was asked for last: to compare two strings is cheaper than to hash one that the parser has just made. */
let last: { readonly authority: string; readonly parsed: HostAndPort | undefined } | undefined;

/** Parses `example.com:8443` or `[::1]:8080`; `undefined` for what is not a valid authority. Never throws. */
export function parseAuthority(authority: string): HostAndPort | undefined {
  if (last?.authority === authority) return last.parsed;
  let parsed = cache.get(authority);
  if (parsed === undefined && !cache.has(authority)) {
    parsed = parse(authority);
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(authority, parsed);
  }
  last = { authority, parsed };
  return parsed;
}

function parse(authority: string): HostAndPort | undefined {
  const match = AUTHORITY.exec(authority);
  const address = match?.[1] ?? match?.[2];
  if (address === undefined) return undefined;
  const port = match?.[3] ? Number(match[3]) : undefined;
  return port !== undefined && port > 65_535 ? undefined : { address, port };
}

/** An IPv4 address that a dual-stack socket maps into IPv6 is written as IPv4; others stay. */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * Parses a node of a forwarding header: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. `undefined` for what
 * is no address, such as `unknown` and `_hidden`. Never throws.
 */
export function forwardedNode(node: string): HostAndPort | undefined {
  const parsed = isAddress(node) ? { address: node, port: undefined } : parseAuthority(node);
  if (parsed === undefined || !isAddress(parsed.address)) return undefined;
  return { address: plainAddress(parsed.address) as string, port: parsed.port };
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);

/** Without zones: those name an interface of the machine that wrote them. */
function isAddress(text: string): boolean {
  return (
    IPV4.test(text) || (text.includes(':') && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`))
  );
}
