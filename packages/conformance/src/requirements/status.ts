import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Status of the span by the status code of the response. */
export const status: readonly Requirement[] = family('status', SERVERS, {
  classes: [
    'Codes below 500 leave the status unset; from 500 on it is ERROR with the code as `error.type` and no description. OK is never set.',
    SOURCES.spanStatus,
  ],
});
