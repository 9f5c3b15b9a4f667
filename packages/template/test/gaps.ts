import type { Gaps } from '@otel-middleware/conformance';

const PROXIES =
  'The framework has no setting for proxies that the adapter could follow, as forwardedBy of node-http would.';

const proxied = [
  'a hop that the client made up is not believed',
  'an IPv6 client is read',
  'Forwarded of a trusted proxy decides client, scheme and server',
  'of Forwarded only the elements of trusted proxies are believed',
  'several trusted hops are followed to the client',
  'X-Forwarded headers of a trusted proxy decide client, scheme and server',
].map((behaviour) => [`[attribute:proxy-trusted] [attribute:peer] ${behaviour}`, PROXIES]);

/** Requirements that the adapter does not meet, and why. */
export const gaps: Gaps = {
  ...Object.fromEntries(proxied),
  'route:in-request': 'The route is set when the response ends, since the adapter has no currentRoute.',
  'robust:late': 'The adapter does not look for routes that were registered before it.',
};
