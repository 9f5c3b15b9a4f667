import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** More than one instrumentation on one request. */
export const nested: readonly Requirement[] = family('nested', SERVERS, {
  'foreign-span': [
    'Under the server span of another HTTP instrumentation no second one is made; that one gets route, name, hooks and headers.',
    SOURCES.httpServerSpan,
  ],
  downstream: [
    'Other instrumentations find the server span where they look for it, in the RPC metadata of the context.',
    SOURCES.httpServerSpan,
  ],
  twice: [
    'Registered twice, on application and sub-application, or on server and framework: one span.',
    SOURCES.httpServerSpan,
  ],
  'internal-fetch': [
    'A request made to the application itself, in process, leaves the span of the outer request alone.',
    undefined,
    ['fastify', 'hono', 'fetch-handler'],
  ],
});
