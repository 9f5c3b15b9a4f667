import type { Requirement } from './requirement.js';
import { family } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Comments in database queries. */
export const sql: readonly Requirement[] = family('sql', ['sqlcommenter'], {
  format: [
    'Comments have the sqlcommenter form; no tag can break out of them, and a statement that has a comment is left alone.',
    SOURCES.sqlcommenter,
  ],
  tags: [
    'Route, framework and trace context of the active span, each of which can be left out; none per request on prepared statements.',
    SOURCES.databaseSpans,
  ],
  roundtrip: [
    'A real PostgreSQL gives the same results and shows the comment, and nothing that a request holds leaves it.',
    SOURCES.databaseSpans,
  ],
});
