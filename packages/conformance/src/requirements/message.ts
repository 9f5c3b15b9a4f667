import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';

/** Hooks of the user for every chunk of a body. */
export const message: readonly Requirement[] = family('message', SERVERS, {
  hooks: [
    'Receive and send hooks see each chunk of a body with direction, index and size; bodies are neither buffered nor altered.',
  ],
  spans: [
    'When opted in to, each chunk is an INTERNAL child span, which the hook is given; otherwise there is none.',
  ],
});
