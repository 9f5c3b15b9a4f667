import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Hooks of the user around the request. */
export const hook: readonly Requirement[] = family('hook', SERVERS, {
  request: [
    'The request hook runs once, inside the span’s context, with the span and the framework’s request.',
  ],
  response: [
    'The response hook runs once, inside the span’s context, with the framework’s response, whose headers it can add to.',
  ],
  guard: [
    'What a hook throws or rejects with changes neither response nor span, and is reported once.',
    SOURCES.errorHandling,
  ],
  'non-recording': ['Hooks are not called for a span that does not record.'],
});
