import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Propagation into and out of the request. */
export const propagation: readonly Requirement[] = family('propagation', SERVERS, {
  parent: [
    'A `traceparent` makes the caller the remote parent; `tracestate` is kept and baggage is readable in the handler.',
    SOURCES.traceContext,
  ],
  unsampled: [
    'An unsampled caller: nothing is exported, children included, and the metrics are complete.',
    SOURCES.sampling,
  ],
  invalid: [
    'Headers that are malformed, doubled, zero or of another version are treated as the recommendation says.',
    SOURCES.traceContext,
  ],
  ambient: [
    'A span that happens to be active when a request arrives is not its parent.',
    SOURCES.propagators,
  ],
  public: [
    'On a public endpoint the caller becomes a link of a new trace, and its baggage is dropped.',
    SOURCES.traceContext,
  ],
  response: [
    'A response propagator adds its headers once, to what the application has set; without one nothing is added.',
    SOURCES.serverTiming,
  ],
});
