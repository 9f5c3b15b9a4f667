import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';

/** The active context while a request is handled. */
export const requestContext: readonly Requirement[] = family('context', SERVERS, {
  active: [
    'The span is active in later middleware and in the handler, across await, timers, promises and events of request and response.',
  ],
  isolation: ['Requests that overlap never see each other’s span.'],
});
