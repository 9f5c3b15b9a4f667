import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Metrics of the server. */
export const metric: readonly Requirement[] = family('metric', SERVERS, {
  duration: [
    '`http.server.request.duration` in seconds with the advised buckets and exactly the convention’s attributes, of every request, in the span’s context.',
    SOURCES.httpMetrics,
  ],
  active: [
    '`http.server.active_requests`, when opted in to, counts requests in flight and returns to zero.',
    SOURCES.httpMetrics,
  ],
  size: ['Body sizes, when opted in to, are the bytes that were received and sent.', SOURCES.httpMetrics],
  labels: [
    'Attributes that a handler adds are on the metrics of its request, within limits, and override none of the convention.',
    SOURCES.httpMetrics,
  ],
  'late-sdk': ['Spans and metrics flow when the SDK is registered after the middleware was made.'],
});
