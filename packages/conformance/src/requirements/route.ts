import type { Requirement } from './requirement.js';
import { FRAMEWORKS, family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Route templates, each in its framework's own syntax. */
export const route: readonly Requirement[] = family('route', FRAMEWORKS, {
  prefix: ['A router under a static prefix: the template begins with the prefix.', SOURCES.httpAttributes],
  'param-mount': [
    'A router under a parametrised prefix, also several levels deep: every level as its template, no value of a parameter.',
    SOURCES.httpAttributes,
  ],
  array: ['Of a route or a mount given as a list of paths, the member that matched.', SOURCES.httpAttributes],
  wildcard: ['A wildcard route reports its pattern for every path that it matches.', SOURCES.httpAttributes],
  optional: [
    'A route with an optional part reports its pattern with and without that part.',
    SOURCES.httpAttributes,
  ],
  regex: [
    'A route given as a regular expression reports one and the same text for every path that it matches.',
    SOURCES.httpAttributes,
  ],
  'sub-app': [
    'An application mounted in another: the whole template, in one server span.',
    SOURCES.httpAttributes,
  ],
  'same-router-twice': [
    'One router mounted under two prefixes reports the prefix of the request at hand.',
    SOURCES.httpAttributes,
  ],
  'fall-through-404': [
    'No route is reported when those that matched passed the request on and nobody answered.',
    SOURCES.httpAttributes,
  ],
  'next-then-answer': [
    'After a route passed the request on, the route that answered is reported; if plain middleware answered, the one that matched.',
    SOURCES.httpAttributes,
  ],
  'early-answer': [
    'Middleware that answers before routing leaves no route, unless the framework routes first.',
    SOURCES.httpAttributes,
  ],
  '405': [
    'A method that the path does not support has no route, unless the router itself tells one.',
    SOURCES.httpAttributes,
  ],
  thrown: ['A handler in a mounted router that throws or rejects keeps its route.', SOURCES.httpAttributes],
  'stored-next': [
    'Middleware that keeps `next` and calls it from another async context does not lose the route.',
    SOURCES.httpAttributes,
  ],
  late: [
    'Routes and routers added after the middleware, and after the first request, are known.',
    SOURCES.httpAttributes,
  ],
  'unsampled-metrics': ['An unsampled request has its route on the metrics.', SOURCES.httpMetrics, SERVERS],
  user: [
    'A route set by the user through the API wins over that of the router.',
    SOURCES.httpAttributes,
    SERVERS,
  ],
  'in-request': [
    'A handler can ask which framework serves the request and which route has matched, as it will be reported.',
    SOURCES.httpAttributes,
  ],
  'head-options': [
    'HEAD is answered by the route of GET; an automatic answer to OPTIONS has no route.',
    SOURCES.httpAttributes,
  ],
  malformed: [
    'A path that cannot be decoded makes one span without a route, with the status that the framework answers.',
    SOURCES.httpAttributes,
    SERVERS,
  ],
  'same-everywhere': [
    'Name, span attribute and metric attribute hold the same final route.',
    SOURCES.httpAttributes,
    SERVERS,
  ],
});
