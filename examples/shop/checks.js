import { histogramRows, KINDS, spansOf, traceTree } from '@otel-middleware/example-verification';
import { EXPECTED_COUNTS, EXPECTED_TRACES } from './requests.js';

/** The package that each service has registered, which is the scope of its server spans. */
const ADAPTERS = { gateway: 'hono', orders: 'express', pricing: 'fastify', inventory: 'koa' };

/** Finds what is wrong with the telemetry that was received and with the database's log: sentences, none when all is well. */
export function defectsOf(payloads, log) {
  const spans = spansOf(payloads);
  return [
    ...difference('The traces', traceTree(spans, { durations: false }), EXPECTED_TRACES),
    ...difference('The metrics', counts(payloads).join('\n'), EXPECTED_COUNTS.join('\n')),
    ...difference('The exceptions', exceptions(spans).join('\n'), EXCEPTIONS.join('\n')),
    ...difference('The statements in the log of the database', log.join('\n'), statements(spans).join('\n')),
    ...wrongScopes(spans),
    ...secrets(payloads),
  ];
}

function difference(what, actual, expected) {
  return actual === expected ? [] : [`${what} are\n${actual}\nand not\n${expected}`];
}

function counts(payloads) {
  return ['client', 'server']
    .flatMap((side) =>
      histogramRows(payloads, `http.${side}.request.duration`).map(({ service, attributes, count }) => {
        const route = side === 'server' ? [attributes['http.route'] ?? '(none)'] : [];
        return [service, side, ...route, attributes['http.response.status_code'], `×${count}`].join(' ');
      }),
    )
    .sort();
}

/** The places where each failure is recorded: the service where it was thrown, and the one that it made fail, once each. */
const EXCEPTIONS = [
  'orders GET /tenants/:tenant/orders/:id: Error: /prices/wine answered 500',
  'pricing GET /prices/:item: RangeError: no price list has wine',
];

function exceptions(spans) {
  return spans
    .flatMap(({ service, name, events = [] }) =>
      events.map(({ attributes }) => {
        const of = (key) => attributes.find((attribute) => attribute.key === key).value.stringValue;
        return `${service} ${name}: ${of('exception.type')}: ${of('exception.message')}`;
      }),
    )
    .sort();
}

/** The lines that the database logs for each request to the inventory: the statement, with its span, sampled and of a random trace id. */
function statements(spans) {
  return spans
    .filter(({ service, name }) => service === 'inventory' && name === 'GET /stock/:item')
    .sort((one, other) => (BigInt(one.startTimeUnixNano) < BigInt(other.startTimeUnixNano) ? -1 : 1))
    .map(
      ({ traceId, spanId }) =>
        'LOG:  execute <unnamed>: SELECT pieces FROM stock WHERE item = $1 ' +
        `/*application='inventory',framework='koa',route='%2Fstock%2F%3Aitem',traceparent='00-${traceId}-${spanId}-03'*/`,
    );
}

function wrongScopes(spans) {
  return spans
    .filter(
      ({ kind, service, scope }) =>
        KINDS[kind] === 'SERVER' && scope !== `@otel-middleware/${ADAPTERS[service]}`,
    )
    .map(({ service, scope }) => `A server span of ${service} is of ${scope}.`);
}

function secrets(payloads) {
  return JSON.stringify(payloads).includes('secret') ? ['A secret of a request was exported.'] : [];
}
