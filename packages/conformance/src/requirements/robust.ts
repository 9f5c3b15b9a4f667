import type { Requirement } from './requirement.js';
import { FRAMEWORKS, family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Robustness against users, clients and installations. */
export const robust: readonly Requirement[] = family('robust', SERVERS, {
  options: [
    'Unknown or ill-typed options fail at construction with a message that names option and cure; the user’s object stays as it is.',
    SOURCES.errorHandling,
  ],
  late: [
    'Registered after routes or after the first request, the middleware works or says once what to move where.',
    undefined,
    FRAMEWORKS,
  ],
  fuzz: ['No bytes from a client make the middleware throw or leave a span open.', SOURCES.errorHandling],
  'api-dup': [
    'Two copies of the API in one process have a documented outcome, are warned of once, and break nothing.',
    SOURCES.errorHandling,
  ],
});
