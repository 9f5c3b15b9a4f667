import type { Requirement } from './requirement.js';
import { family } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Outbound requests. */
export const client: readonly Requirement[] = family('client', ['client'], {
  span: [
    'A request is a CLIENT span with redacted URL, server, port and status, whose context is injected in place of older headers.',
    SOURCES.httpClientSpan,
  ],
  errors: [
    '4xx, 5xx and failures of the network are errors with an `error.type`; an abort by the caller is none; no text holds a raw query.',
    SOURCES.spanStatus,
  ],
  redirect: [
    'Each hop is a span with its resend count where hops can be seen; where they cannot, the call is one span.',
    SOURCES.httpClientSpan,
  ],
  metrics: ['`http.client.request.duration` is recorded whatever the outcome.', SOURCES.httpMetrics],
  nested: [
    'A request is one span however many layers see it; none under suppression, for exporters or for excluded URLs.',
    SOURCES.httpClientSpan,
  ],
  headers: [
    'Headers are captured and sanitised as on the server; propagation can be limited to chosen origins.',
    SOURCES.httpAttributes,
  ],
  undo: ['Switching off puts back what was there.'],
});
