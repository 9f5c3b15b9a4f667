// What each step of a request costs, of ours and of the SDK that we call: `node --expose-gc steps.js [--write]`.
//
// Each alone in a hot loop, where it is cheaper than in a request: the compiler knows it, and the caches hold it. The steps of
// ours are taken from what the build makes, since packages do not export them.
import { AsyncLocalStorage } from 'node:async_hooks';
import { parseArgs } from 'node:util';
import { context, metrics, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { Bench } from 'tinybench';
import { writeResults } from './results.js';
import { TRACE } from './scenarios.js';
import { registerTelemetry } from './telemetry.js';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const manifest = import.meta.resolve('@otel-middleware/core/package.json');
const core = (name) => import(new URL(`dist/cjs/${name}.js`, manifest));
const [clock, excluded, host, requestContext, target] = await Promise.all(
  ['otel/clock', 'options/excluded-urls', 'http/host', 'server/request-context', 'http/request-target'].map(
    core,
  ),
);

async function awaitOften() {
  for (let i = 0; i < 100; i++) await null;
}

/** Before any context has been entered, after which Node before 24 follows every promise. */
const bare = new Bench({ time: 300 });
bare.add('100 awaits, before any `AsyncLocalStorage.run`', awaitOften);
await bare.run();

registerTelemetry({ onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} });
const tracer = trace.getTracer('steps');
const histogram = metrics.getMeter('steps').createHistogram('http.server.request.duration', { unit: 's' });
const headers = { host: 'localhost:8080', traceparent: `${TRACE}-01` };
const getter = { get: (carrier, name) => carrier[name], keys: Object.keys };
const remote = propagation.extract(ROOT_CONTEXT, headers, getter);
const unsampled = propagation.extract(ROOT_CONTEXT, { traceparent: `${TRACE}-00` }, getter);
const kind = SpanKind.SERVER;
const attributes = {
  'http.request.method': 'GET',
  'url.path': '/users/42',
  'url.scheme': 'http',
  'server.address': 'localhost',
  'client.address': '127.0.0.1',
  'user_agent.original': 'benchmark',
  'server.port': 8080,
  'url.query': 'verbose=1',
};
const metricAttributes = Object.freeze({
  'http.request.method': 'GET',
  'http.response.status_code': 200,
  'http.route': '/users/:id',
  'network.protocol.version': '1.1',
  'url.scheme': 'http',
});
const isExcluded = excluded.compileExcludedUrls('healthz,/internal/.*');
const redact = target.queryRedaction();
const span = tracer.startSpan('GET', { kind }, remote);
const operation = { type: 'http', span };
const als = new AsyncLocalStorage();

const bench = new Bench({ time: 300 });
/** Starts and ends a span of the SDK. */
const spanOf = (options, parent) => () => tracer.startSpan('GET', { kind, ...options }, parent).end();

bench
  .add('ours: wall clock, and the end from it', () => clock.addMillis(clock.wallClock(), 1.5))
  .add('ours: path and query of the target', () => {
    target.pathOf('/users/42?verbose=1');
    target.queryOf('/users/42?verbose=1');
  })
  .add('ours: redaction of a query without a secret', () => redact('verbose=1'))
  .add('ours: exclusion by two patterns', () => isExcluded(undefined, '/users/42'))
  .add('ours: parse of the authority', () => host.parseAuthority('localhost:8080'))
  .add('ours: extract of a traceparent', () =>
    propagation.extract(requestContext.EXTRACTION_ROOT, headers, getter),
  )
  .add('the API’s: extract of a traceparent', () => propagation.extract(ROOT_CONTEXT, headers, getter))
  .add('ours: context of the request', () => new requestContext.RequestContext(remote, operation))
  .add('the API’s: context with a span', () => trace.setSpan(remote, span))
  .add('the SDK’s: `context.with`', () => context.with(remote, () => undefined))
  .add('the SDK’s: span without attributes', spanOf({}, remote))
  .add('the SDK’s: span with 8 attributes at the start', spanOf({ attributes }, remote))
  .add('the SDK’s: unsampled span with 8 attributes', spanOf({ attributes }, unsampled))
  .add('the SDK’s: `setAttribute`', () => span.setAttribute('http.response.status_code', 200))
  .add('the SDK’s: duration record with 5 attributes', () => histogram.record(0.01, metricAttributes, remote))
  .add('the SDK’s: duration record without attributes', () => histogram.record(0.01))
  .add('100 awaits in a context of the SDK', () => context.with(remote, awaitOften))
  .add('100 awaits in a request of ours', () =>
    context.with(new requestContext.RequestContext(remote, operation), awaitOften),
  )
  .add('100 awaits in an `AsyncLocalStorage` alone', () => als.run(remote, awaitOften));
await bench.run();

const rows = [...bare.tasks, ...bench.tasks].map(
  ({ name, result }) => `| ${name} | ${Math.round(result.latency.p50 * 1e6)} |`,
);
const heading = `Node ${process.version}, medians.`;
const lines = ['| step | ns |', '|---|---|', ...rows];
console.log(`${heading}\n\n${lines.join('\n')}`);
if (values.write) writeResults('steps', [heading, '', ...lines]);
process.exit();
