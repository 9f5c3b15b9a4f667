import { expect, test } from '@jest/globals';
import type { Ending } from './node-process.js';
import { runNode } from './node-process.js';
import { startOtlpReceiver } from './otlp-receiver.js';

/** Fails the process on the first promise that nobody waits for. */
const STRICT = ['--unhandled-rejections=strict', '--expose-gc'];

/** Serves 300 requests, each with a span and a metric, while spans are exported all the time. */
const SERVICE = `
  import { createServer } from 'node:http';
  import { metrics, trace } from '@opentelemetry/api';
  import { initTelemetry } from '@otel-middleware/sdk';
  const telemetry = initTelemetry({ shutdownTimeoutMillis: 1000 });
  const tracer = trace.getTracer('test');
  const requests = metrics.getMeter('test').createCounter('requests');
  const server = createServer((_, response) => {
    tracer.startActiveSpan('serve', (span) => { requests.add(1); span.end(); response.end('ok'); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = 'http://127.0.0.1:' + server.address().port;
  let answered = 0;
  let slowest = 0;
  for (let index = 0; index < 300; index += 1) {
    const started = performance.now();
    const response = await fetch(url);
    if (await response.text() === 'ok') answered += 1;
    slowest = Math.max(slowest, performance.now() - started);
    if (index % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 400));
  }
  const started = performance.now();
  await telemetry.shutdown();
  console.log(JSON.stringify({ answered, slowest, shutdown: performance.now() - started }));
  process.exit();
`;

const BUSY = {
  OTEL_BSP_SCHEDULE_DELAY: '20',
  OTEL_METRIC_EXPORT_INTERVAL: '200',
  OTEL_EXPORTER_OTLP_TIMEOUT: '100',
};

async function serve(
  endpoint: string,
  env: Record<string, string> = {},
): Promise<Ending & { lines: string[] }> {
  const ending = await runNode(SERVICE, {
    flags: STRICT,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...BUSY, ...env },
  });
  expect(ending.code).toBe(0);
  const { answered, slowest, shutdown } = JSON.parse(ending.stdout);
  expect(answered).toBe(300);
  expect(slowest).toBeLessThan(1000);
  expect(shutdown).toBeLessThan(1000 + 500);
  return { ...ending, lines: ending.stderr.split('\n').filter((line) => line !== '') };
}

test('[sdk:collector] one that refuses connections costs no answer and is one warning a signal', async () => {
  const { lines } = await serve('http://127.0.0.1:9');
  expect(lines.sort()).toEqual([
    expect.stringMatching(
      /^Telemetry is being lost: Periodic.*ECONNREFUSED 127\.0\.0\.1:9.*OTEL_EXPORTER_OTLP_ENDPOINT/,
    ),
    expect.stringMatching(
      /^Telemetry is being lost: connect ECONNREFUSED 127\.0\.0\.1:9.*OTEL_EXPORTER_OTLP_ENDPOINT/,
    ),
  ]);
});

test('[sdk:collector] one that never answers likewise', async () => {
  const silent = await startOtlpReceiver(() => {});
  const { lines } = await serve(silent.url);
  await silent.close();
  expect(silent.requests.length).toBeGreaterThan(2);
  expect(lines.sort()).toEqual([
    expect.stringMatching(/^Telemetry is being lost: Periodic.*Request timed out/),
    expect.stringMatching(/^Telemetry is being lost: Request timed out/),
  ]);
});

test.each([
  [503, 'Export failed with retryable status'],
  [401, 'Unauthorized'],
  [400, 'Bad Request'],
])('[sdk:collector] one that answers %i likewise', async (status, cause) => {
  const failing = await startOtlpReceiver((_, response) => response.writeHead(status).end());
  const { lines } = await serve(failing.url);
  await failing.close();
  expect(failing.requests.length).toBeGreaterThan(2);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain(cause);
});

test('[sdk:collector] one that cuts the connection likewise', async () => {
  const cutting = await startOtlpReceiver((request) => request.socket.destroy());
  const { lines } = await serve(cutting.url);
  await cutting.close();
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/socket hang up|ECONNRESET/);
});

test('[sdk:collector] one that comes back gets telemetry again', async () => {
  let failing = true;
  const receiver = await startOtlpReceiver((_, response) => {
    response.writeHead(failing ? 400 : 200).end('{}');
    if (receiver.requests.length > 4) failing = false;
  });
  await serve(receiver.url);
  await receiver.close();
  expect(receiver.requests.length).toBeGreaterThan(6);
  expect(receiver.spans().length).toBeGreaterThan(200);
});

test('[sdk:memory] a dead collector and 200,000 spans leave no more than the queue behind', async () => {
  const program = `
    import { metrics, trace } from '@opentelemetry/api';
    import { initTelemetry } from '@otel-middleware/sdk';
    initTelemetry({ shutdownTimeoutMillis: 100 });
    const tracer = trace.getTracer('test');
    const heap = () => { gc(); return process.memoryUsage().heapUsed; };
    const work = async (spans) => {
      for (let index = 0; index < spans; index += 1) {
        tracer.startSpan('work', { attributes: { 'user.agent': 'a'.repeat(100) + index } }).end();
        if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await work(20_000);
    const before = heap();
    await work(200_000);
    console.log((heap() - before) / 2 ** 20);
    process.exit();`;
  const silent = await startOtlpReceiver(() => {});
  const { code, stdout } = await runNode(program, {
    flags: STRICT,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url, ...BUSY },
  });
  await silent.close();
  expect(code).toBe(0);
  // 200,000 spans kept would be 200 MB.
  expect(Number(stdout)).toBeLessThan(10);
});

test('[sdk:suppress] the exporters’ own requests are neither traced nor given trace headers', async () => {
  const receiver = await startOtlpReceiver();
  const program = `
    import http from 'node:http';
    import { syncBuiltinESMExports } from 'node:module';
    import { context, defaultTextMapSetter, metrics, propagation, trace } from '@opentelemetry/api';
    import { initTelemetry } from '@otel-middleware/sdk';
    const telemetry = initTelemetry();
    const tracer = trace.getTracer('test');
    const { request } = http;
    http.request = (url, options, listener) => {
      const span = tracer.startSpan('client ' + options.method);
      const headers = { ...options.headers };
      propagation.inject(trace.setSpan(context.active(), span), headers, defaultTextMapSetter);
      span.end();
      return request(url, { ...options, headers }, listener);
    };
    syncBuiltinESMExports();
    metrics.getMeter('test').createCounter('works').add(1);
    await tracer.startActiveSpan('work', async (span) => {
      const control = (resolve) => http.request('${receiver.url}/control', { method: 'GET' }, resolve).end();
      (await new Promise(control)).resume();
      span.end();
    });
    await telemetry.forceFlush();
    await telemetry.shutdown();`;
  const { code, stderr } = await runNode(program, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
  await receiver.close();
  expect([code, stderr]).toEqual([0, '']);
  expect(receiver.requests.map(({ path, headers }) => [path, 'traceparent' in headers]).sort()).toEqual([
    ['/control', true],
    ['/v1/metrics', false],
    ['/v1/metrics', false],
    ['/v1/traces', false],
  ]);
  expect(receiver.spans().map(({ name }) => name)).toEqual(['client GET', 'work']);
});
