import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';

/** Requests that are not traced. */
export const exclude: readonly Requirement[] = family('exclude', SERVERS, {
  forms: [
    'Patterns come as comma string, strings, regular expressions or predicates; they are searched in the path. Invalid ones fail at once.',
  ],
  env: [
    'The option beats the variable of the framework, which beats the general one, also when it is empty.',
  ],
  effect: [
    'No span, metric or hook; what the handler starts is not exported, and outbound calls carry no sampled trace.',
  ],
});
