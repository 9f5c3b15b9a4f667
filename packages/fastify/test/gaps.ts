import type { Gaps } from '@otel-middleware/conformance';
import { matrix } from '@otel-middleware/conformance';

const X_FORWARDED = 'Fastify’s trustProxy reads X-Forwarded headers alone.';
const METHODS = 'Fastify 4 has no routes for the methods PURGE and QUERY.';

/** The requirements that Fastify cannot meet, and why. */
export const gaps: Gaps = {
  '[attribute:proxy-trusted] [attribute:peer] Forwarded of a trusted proxy decides client, scheme and server':
    X_FORWARDED,
  '[attribute:proxy-trusted] [attribute:peer] of Forwarded only the elements of trusted proxies are believed':
    X_FORWARDED,
  'route:late': 'Fastify takes no routes once it has started.',
  ...(matrix.framework?.startsWith('4') && {
    '[span:method-other] an unknown method is _OTHER, and HTTP in the name': METHODS,
    '[span:method-known] the environment replaces the known methods in full': METHODS,
    '[span:method-known] every known method that reaches a handler is recorded as it is': METHODS,
  }),
};
