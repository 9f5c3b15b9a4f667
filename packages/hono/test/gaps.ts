import type { Gaps } from '@otel-middleware/conformance';

const REFUSED = '@hono/node-server answers 400 to what makes no URL, before any handler runs.';
const RAW =
  'A handler that writes to Node’s own response passes by the Response on which hooks and header capture work.';

/** The requirements that Hono with `@hono/node-server` cannot meet, and why. */
export const gaps: Gaps = {
  '[attribute:host] a malformed Host header is left out': REFUSED,
  '[attribute:path] OPTIONS * has the path *': REFUSED,
  '[attribute:proxy-trusted] [attribute:peer] several trusted hops are followed to the client':
    'trustProxy names headers, since proxies are not known by their address on every runtime: the last hop counts.',
  '[context:active] the span is active in listeners of request and response':
    'Handlers work with Request and Response; to bind Node’s emitters below them costs a quarter of the tracing.',
  '[header:capture] headers of a raw response are captured': RAW,
  '[hook:response] rawWrite: it runs once, in context, and can add headers': RAW,
  '[nested:foreign-span] rawWrite: the span of another instrumentation is enriched, once': RAW,
  '[propagation:response] rawWrite: the response tells its trace, beside what it says itself': RAW,
  'robust:late': 'Hono runs middleware for the routes after it alone, and shows it none of those before.',
  'route:late':
    'Hono’s default router refuses routes after the first request; with others they are known, see route.test.ts.',
};
