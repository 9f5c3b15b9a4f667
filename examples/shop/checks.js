import { spansOf } from '@otel-middleware/example-verification';
import { REQUESTS } from './requests.js';

const KINDS = { 1: 'INTERNAL', 2: 'SERVER', 3: 'CLIENT' };

/** What is wrong with the telemetry that was received, as sentences; none when all is well. */
export function defectsOf(payloads) {
  const spans = spansOf(payloads);
  return [...missingTraces(spans), ...secrets(payloads), ...wrongMetrics(payloads)];
}

/** Every request is one trace, whose spans are parents of one another in the order given; nothing else arrives. */
function missingTraces(spans) {
  const expected = REQUESTS.filter((request) => request.spans.length > 0).map((request) =>
    request.spans.join(' > '),
  );
  const arrived = spans.filter((span) => !span.parentSpanId).map((root) => chain(root, spans));
  const counted = (list, entry) => list.filter((other) => other === entry).length;
  return [...new Set([...expected, ...arrived])]
    .filter((trace) => counted(expected, trace) !== counted(arrived, trace))
    .map(
      (trace) =>
        `Trace «${trace}» arrived ${counted(arrived, trace)} times, not ${counted(expected, trace)}.`,
    );
}

function chain(span, spans) {
  const children = spans.filter(
    (other) => other.parentSpanId === span.spanId && other.traceId === span.traceId,
  );
  return [`${KINDS[span.kind]} ${span.name}`, ...children.map((child) => chain(child, spans))].join(' > ');
}

function secrets(payloads) {
  return JSON.stringify(payloads).includes('secret') ? ['A secret of a request was exported.'] : [];
}

/** The duration histogram has the routes, and none of the excluded path. */
function wrongMetrics(payloads) {
  const metrics = payloads
    .flatMap(({ resourceMetrics = [] }) => resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics);
  const duration = metrics.filter(({ name }) => name === 'http.server.request.duration').at(-1);
  if (duration === undefined) return ['No http.server.request.duration arrived.'];
  const counts = {};
  for (const { attributes, count } of duration.histogram.dataPoints) {
    const route = attributes.find(({ key }) => key === 'http.route')?.value.stringValue ?? '(none)';
    counts[route] = (counts[route] ?? 0) + Number(count);
  }
  const expected = { '/tenants/:tenant/orders/:id/total': 2, '/price/:id': 2, '(none)': 1 };
  return Object.keys({ ...expected, ...counts })
    .filter((route) => expected[route] !== counts[route])
    .map((route) => `Route ${route} was measured ${counts[route] ?? 0} times, not ${expected[route] ?? 0}.`);
}
