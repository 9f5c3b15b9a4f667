import type { Gaps } from '@otel-middleware/conformance';

const COUNTS = 'Koa trusts a number of proxies, maxIpsCount, and cannot be told their addresses.';
const X_FORWARDED = 'Koa’s app.proxy reads X-Forwarded headers alone.';

/** The requirements that Koa cannot meet, and why. */
export const gaps: Gaps = {
  '[attribute:proxy-trusted] [attribute:peer] several trusted hops are followed to the client': COUNTS,
  '[attribute:proxy-trusted] [attribute:peer] Forwarded of a trusted proxy decides client, scheme and server':
    X_FORWARDED,
  '[attribute:proxy-trusted] [attribute:peer] of Forwarded only the elements of trusted proxies are believed':
    X_FORWARDED,
};
