import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Name, kind and number of spans. */
export const span: readonly Requirement[] = family('span', SERVERS, {
  one: [
    'A request makes one span of kind SERVER, and the middleware makes no span beside it.',
    SOURCES.httpServerSpan,
  ],
  'name-route': [
    'Method and route template make the name, whatever the path parameters and the query are.',
    SOURCES.spanName,
  ],
  'name-no-route': [
    'Without a matching route the method alone is the name; a 404 is not an error.',
    SOURCES.spanName,
  ],
  'name-root': ['The route of the root path is part of the name.', SOURCES.spanName],
  'name-hook-wins': [
    'A name that a hook of the user gave is kept when the route becomes known.',
    SOURCES.spanName,
  ],
  'method-other': [
    'A method outside the known ones is `_OTHER`, its original is kept, and `HTTP` stands for it in the name.',
    SOURCES.httpAttributes,
  ],
  'method-known': [
    'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT and QUERY are known; the environment can put another list in their place.',
    SOURCES.httpAttributes,
  ],
  scope: [
    'The instrumentation scope is the package with its version, and says by its schema URL which convention it follows.',
    SOURCES.scope,
  ],
  'no-legacy': [
    'No attribute or metric of the conventions before they became stable is recorded.',
    SOURCES.httpSpans,
  ],
});
