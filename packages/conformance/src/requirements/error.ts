import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Failures: of handlers, of streams and of the connection. */
export const error: readonly Requirement[] = family('error', SERVERS, {
  thrown: [
    'What nobody handles is answered as without the middleware, reaches the framework once and unchanged, and is recorded once.',
    SOURCES.exceptions,
  ],
  handler: [
    'An error handler of the application runs once, inside the context of the request, and its status decides.',
    SOURCES.spanStatus,
  ],
  '4xx': [
    'An error that stands for a 4xx leaves the status unset and is not recorded as an exception.',
    SOURCES.exceptions,
  ],
  swallowed: [
    'Of an error that the application turns into a response, only the status code tells.',
    SOURCES.spanStatus,
  ],
  'mid-stream': [
    'A failure after the head was sent is an ERROR with one exception; the status code stays the one that was sent.',
    SOURCES.spanStatus,
  ],
  'before-head': ['A failure that sends nothing leaves no status code.', SOURCES.httpServerSpan],
  'non-error': [
    'A thrown value that is no error, or a frozen one, breaks neither response nor span.',
    SOURCES.errorHandling,
  ],
  abort: [
    'A client that went away is told apart by its own `error.type`, before the head without and after it with the status code that was sent.',
    SOURCES.errorAttributes,
  ],
  'type-agrees': ['`error.type` of span and metric are equal, or absent on both.', SOURCES.errorAttributes],
  signal: [
    'Exceptions are span events, or log records where the environment asks for those and the API has logs.',
    SOURCES.exceptions,
  ],
});
