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
const AUTHORITY = /^(?:\[([\dA-Za-z:.%]+)\]|([^\s:/?#@[\]]+))(?::(\d{0,5}))?$/;
const cache = new Map<string, HostAndPort | undefined>();

/** Parses `example.com:8443` or `[::1]:8080`; `undefined` for what is not a valid authority. Never throws. */
export function parseAuthority(authority: string): HostAndPort | undefined {
  const known = cache.get(authority);
  if (known !== undefined || cache.has(authority)) return known;
  const parsed = parse(authority);
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(authority, parsed);
  return parsed;
}

function parse(authority: string): HostAndPort | undefined {
  const match = AUTHORITY.exec(authority);
  const address = match?.[1] ?? match?.[2];
  if (address === undefined) return undefined;
  const port = match?.[3] ? Number(match[3]) : undefined;
  return port !== undefined && port > 65_535 ? undefined : { address, port };
}
