import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Ending } from './node-process.js';
import { runNode } from './node-process.js';
import type { OtlpReceiver } from './otlp-receiver.js';
import { startOtlpReceiver } from './otlp-receiver.js';

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await startOtlpReceiver();
});

afterEach(() => receiver.close());

/** Starts telemetry, makes five spans and a metric, and comes to its end. */
const WORK = `
  import { metrics, trace } from '@opentelemetry/api';
  const tracer = trace.getTracer('test');
  for (let index = 0; index < 5; index += 1) tracer.startSpan('work ' + index, { attributes: { a: 1, b: 2, c: 3 } }).end();
  metrics.getMeter('test').createCounter('works').add(5);
`;

function run(env: Record<string, string>, { program = WORK, options = '' } = {}): Promise<Ending> {
  return runNode(
    `import { initTelemetry } from '@otel-middleware/sdk'; initTelemetry(${options}); ${program}`,
    {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
    },
  );
}

const clean = { code: 0, signal: null, stderr: '' };
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

test('[sdk:otlp] traces and metrics go as OTLP/JSON to their paths below the endpoint', async () => {
  expect(await run({})).toMatchObject({ ...clean, stdout: '' });
  expect(receiver.requests.map(({ path, headers }) => [path, headers['content-type']]).sort()).toEqual([
    ['/v1/metrics', 'application/json'],
    ['/v1/traces', 'application/json'],
  ]);
  expect(receiver.spans().map(({ name }) => name)).toEqual([
    'work 0',
    'work 1',
    'work 2',
    'work 3',
    'work 4',
  ]);
  expect(receiver.metricNames()).toEqual(['works']);
});

test('[sdk:otlp] an endpoint of a signal is taken as it is and beats the general one', async () => {
  await run({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/here/traces`,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.url}/here/metrics`,
  });
  expect(receiver.requests.map(({ path }) => path).sort()).toEqual(['/here/metrics', '/here/traces']);
});

test('[sdk:otlp] headers and compression are those of the environment', async () => {
  await run({
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue,x-both=general',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-both=traces',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  });
  expect(
    Object.fromEntries(
      receiver.requests.map(({ path, headers }) => [
        path,
        [headers['x-tenant'], headers['x-both'], headers['content-encoding']],
      ]),
    ),
  ).toEqual({ '/v1/traces': ['blue', 'traces', 'gzip'], '/v1/metrics': ['blue', 'general', 'gzip'] });
  expect(receiver.spans()).toHaveLength(5);
});

test('[sdk:otlp] http/protobuf is spoken where it is asked for, in general and for one signal', async () => {
  const contentTypes = (): Record<string, string | undefined> =>
    Object.fromEntries(receiver.requests.map(({ path, headers }) => [path, headers['content-type']]));
  expect(await run({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })).toMatchObject(clean);
  expect(contentTypes()).toEqual({
    '/v1/traces': 'application/x-protobuf',
    '/v1/metrics': 'application/x-protobuf',
  });
  expect(receiver.requests.find(({ path }) => path === '/v1/traces')?.body.includes('work 4')).toBe(true);
  expect(await run({ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' })).toMatchObject(clean);
  expect(contentTypes()).toEqual({
    '/v1/traces': 'application/x-protobuf',
    '/v1/metrics': 'application/json',
  });
});

test('[sdk:otlp] an export is given up after OTEL_EXPORTER_OTLP_TIMEOUT', async () => {
  const silent = await startOtlpReceiver(() => {});
  const { stderr, duration } = await run({
    OTEL_EXPORTER_OTLP_ENDPOINT: silent.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
  });
  await silent.close();
  expect(stderr).toContain('Request timed out');
  expect(duration).toBeLessThan(4000);
});

describe('[sdk:resource]', () => {
  const sdk = {
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': expect.stringMatching(/^2\.\d+\.\d+$/),
  };

  test('without any word it is what the SDK calls unknown', async () => {
    await run({});
    expect(receiver.resource('/v1/traces')).toEqual({
      ...sdk,
      'service.name': `unknown_service:${process.execPath}`,
    });
  });

  test('the environment names service and attributes, the same for both signals', async () => {
    await run({
      OTEL_SERVICE_NAME: 'checkout',
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=other,service.version=1.2,deployment.environment.name=staging,team=a%2Cb',
    });
    const expected = {
      ...sdk,
      'service.name': 'checkout',
      'service.version': '1.2',
      'deployment.environment.name': 'staging',
      team: 'a,b',
    };
    expect(receiver.resource('/v1/traces')).toEqual(expected);
    expect(receiver.resource('/v1/metrics')).toEqual(expected);
  });

  test('options beat it', async () => {
    const options = `{ serviceName: 'own', environment: 'test', resourceAttributes: { 'service.name': 'lost', team: 'c', n: 1 } }`;
    await run(
      {
        OTEL_SERVICE_NAME: 'checkout',
        OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2,deployment.environment.name=staging,team=b',
      },
      { options },
    );
    expect(receiver.resource('/v1/traces')).toEqual({
      ...sdk,
      'service.name': 'own',
      'service.version': '1.2',
      'deployment.environment.name': 'test',
      team: 'c',
      n: 1,
    });
  });
});

describe('[sdk:env]', () => {
  test.each([
    ['always_on', undefined, 5],
    ['always_off', undefined, 0],
    ['traceidratio', '0', 0],
    ['traceidratio', '1', 5],
    ['parentbased_always_on', undefined, 5],
    ['parentbased_always_off', undefined, 0],
    ['parentbased_traceidratio', '0', 0],
  ])('OTEL_TRACES_SAMPLER=%s with argument %s exports %i of 5 spans', async (sampler, argument, count) => {
    const env = {
      OTEL_TRACES_SAMPLER: sampler,
      ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }),
    };
    expect(await run(env)).toMatchObject(clean);
    expect(receiver.spans()).toHaveLength(count);
  });

  test.each([
    ['unset', {}, 'traceparent,tracestate,baggage'],
    ['tracecontext', { OTEL_PROPAGATORS: 'tracecontext' }, 'traceparent,tracestate'],
    [
      'a list in capitals, with one twice',
      { OTEL_PROPAGATORS: 'BAGGAGE, baggage,TraceContext' },
      'baggage,traceparent,tracestate',
    ],
    ['none', { OTEL_PROPAGATORS: 'none' }, ''],
    ['empty', { OTEL_PROPAGATORS: '' }, 'traceparent,tracestate,baggage'],
  ])('OTEL_PROPAGATORS: %s', async (_, env, fields) => {
    const program = `import { propagation } from '@opentelemetry/api'; console.log(propagation.fields().join());`;
    expect(await run(env, { program })).toMatchObject({ ...clean, stdout: `${fields}\n` });
  });

  test('the propagator for tracecontext is the strict one', async () => {
    const program = `
      import { defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
      const sent = {};
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0f';
      propagation.inject(propagation.extract(ROOT_CONTEXT, { traceparent, tracestate: 'a=1,B=2', baggage: 'k=v' }, defaultTextMapGetter), sent, defaultTextMapSetter);
      console.log(JSON.stringify(sent));`;
    const { stdout } = await run({}, { program });
    expect(JSON.parse(stdout)).toEqual({
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03',
      baggage: 'k=v',
    });
  });

  test.each([
    ['none', 'otlp', [], ['/v1/metrics']],
    ['otlp', 'none', ['work 4'], ['/v1/traces']],
    ['console', 'none', [], []],
    ['otlp,console', 'otlp,console', ['work 4'], ['/v1/metrics', '/v1/traces']],
  ])('OTEL_TRACES_EXPORTER=%s and OTEL_METRICS_EXPORTER=%s', async (traces, metrics, names, paths) => {
    const { stdout, stderr } = await run({ OTEL_TRACES_EXPORTER: traces, OTEL_METRICS_EXPORTER: metrics });
    expect(stderr).toBe('');
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual(paths);
    expect(
      receiver
        .spans()
        .slice(4)
        .map(({ name }) => name),
    ).toEqual(names);
    expect(stdout.includes("name: 'work 4'")).toBe(traces.includes('console'));
    expect(stdout.includes("name: 'works'")).toBe(metrics.includes('console'));
  });

  test('OTEL_SDK_DISABLED=true sends nothing and still passes context through', async () => {
    const program = `${WORK}
      import { context, defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
      const inbound = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03', tracestate: 'a=1' };
      await context.with(propagation.extract(ROOT_CONTEXT, inbound, defaultTextMapGetter), async () => {
        await null;
        const outbound = {};
        tracer.startActiveSpan('s', () => propagation.inject(context.active(), outbound, defaultTextMapSetter));
        console.log(JSON.stringify(outbound) === JSON.stringify(inbound));
      });`;
    expect(await run({ OTEL_SDK_DISABLED: 'true' }, { program })).toMatchObject({
      ...clean,
      stdout: 'true\n',
    });
    expect(receiver.requests).toEqual([]);
  });

  test('OTEL_LOG_LEVEL: debug tells much, none tells nothing', async () => {
    expect((await run({ OTEL_LOG_LEVEL: 'debug' })).stdout).toContain('Registered a global for trace');
    expect(await run({ OTEL_LOG_LEVEL: 'none', OTEL_TRACES_SAMPLER: 'bogus' })).toMatchObject({
      ...clean,
      stdout: '',
    });
  });

  test('OTEL_BSP_MAX_EXPORT_BATCH_SIZE bounds a batch', async () => {
    await run({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2', OTEL_METRICS_EXPORTER: 'none' });
    expect([receiver.requests.length, receiver.spans().length]).toEqual([3, 5]);
  });

  test('OTEL_BSP_MAX_QUEUE_SIZE bounds what waits behind the batch on its way', async () => {
    await run({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2', OTEL_BSP_MAX_QUEUE_SIZE: '2' });
    expect(receiver.spans().map(({ name }) => name)).toEqual(['work 0', 'work 1', 'work 2', 'work 3']);
  });

  test('OTEL_BSP_SCHEDULE_DELAY and OTEL_METRIC_EXPORT_INTERVAL export while the process runs', async () => {
    const { stdout, stderr } = await run(
      { OTEL_BSP_SCHEDULE_DELAY: '50', OTEL_METRIC_EXPORT_INTERVAL: '100' },
      { program: `${WORK} setTimeout(() => process.exit(), 1500);` },
    );
    expect([stdout, stderr]).toEqual(['', '']);
    expect(receiver.spans()).toHaveLength(5);
    expect(receiver.metricNames().length).toBeGreaterThan(2);
  });

  test('OTEL_METRIC_EXPORT_TIMEOUT beyond the interval is no error', async () => {
    const env = { OTEL_METRIC_EXPORT_INTERVAL: '1000', OTEL_METRIC_EXPORT_TIMEOUT: '2000' };
    expect(await run(env)).toMatchObject(clean);
    expect(receiver.metricNames()).toEqual(['works']);
  });

  test('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT limits attributes', async () => {
    await run({ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2' });
    expect(receiver.spans().map(({ attributes }) => attributes.map(({ key }) => key))).toEqual(
      Array(5).fill(['a', 'b']),
    );
  });

  test.each([
    ['unset', {}, 'explicitBounds'],
    [
      'base2_exponential_bucket_histogram',
      { OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram' },
      'exponentialHistogram',
    ],
  ])('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: %s', async (_, env, sign) => {
    const program = `${WORK} metrics.getMeter('test').createHistogram('sizes').record(3);`;
    expect(await run(env, { program })).toMatchObject(clean);
    const body = receiver.requests.find(({ path }) => path === '/v1/metrics')?.body.toString();
    expect([body?.includes(sign), body?.includes('"sum":{')]).toEqual([true, true]);
  });

  test('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is the exporter’s', async () => {
    await run({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' });
    const body = receiver.requests.find(({ path }) => path === '/v1/metrics')?.body.toString();
    expect(body).toContain('"aggregationTemporality":1');
  });
});

test.each([
  ['OTEL_TRACES_SAMPLER', 'bogus', /^OTEL_TRACES_SAMPLER value "bogus" invalid/],
  [
    'OTEL_PROPAGATORS',
    'b3,b3multi',
    /^OTEL_PROPAGATORS: b3, b3multi not known here.*Using tracecontext, baggage.*@opentelemetry\/propagator-b3/,
  ],
  ['OTEL_PROPAGATORS', 'tracecontext,jaeger', /^OTEL_PROPAGATORS: jaeger not known here.*Left out/],
  [
    'OTEL_TRACES_EXPORTER',
    'zipkin',
    /^OTEL_TRACES_EXPORTER: zipkin not known here.*Using otlp.*"traceExporter"/,
  ],
  [
    'OTEL_METRICS_EXPORTER',
    'prometheus',
    /^OTEL_METRICS_EXPORTER: prometheus not known here.*Using otlp.*"metricReader"/,
  ],
  [
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'grpc',
    /^OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not bundled.*Using http\/json/,
  ],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon', /OTEL_EXPORTER_OTLP_TIMEOUT/],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zip', /OTEL_EXPORTER_OTLP_COMPRESSION/],
  ['OTEL_RESOURCE_ATTRIBUTES', 'no equals sign', /^OTEL_RESOURCE_ATTRIBUTES: "no equals sign" is ignored/],
  ['OTEL_RESOURCE_ATTRIBUTES', 'a=1=2,b=3', /^OTEL_RESOURCE_ATTRIBUTES: "a=1=2,b=3" is ignored/],
  ['OTEL_SDK_DISABLED', 'yes', /OTEL_SDK_DISABLED/],
  ['OTEL_LOG_LEVEL', 'loud', /Unknown log level "loud"/],
  [
    'OTEL_BSP_MAX_QUEUE_SIZE',
    '-1',
    /^OTEL_BSP_MAX_QUEUE_SIZE: "-1" is not a whole number from 1 .* Using 2048/,
  ],
  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '0', /^OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "0" is not .* Using 512/],
  ['OTEL_BSP_SCHEDULE_DELAY', '99999999999', /^OTEL_BSP_SCHEDULE_DELAY: "99999999999" is not .* Using 5000/],
  ['OTEL_BSP_EXPORT_TIMEOUT', 'abc', /^OTEL_BSP_EXPORT_TIMEOUT: "abc" is not .* Using 30000/],
  ['OTEL_METRIC_EXPORT_INTERVAL', '0', /^OTEL_METRIC_EXPORT_INTERVAL: "0" is not .* Using 60000/],
  ['OTEL_METRIC_EXPORT_TIMEOUT', '1.5', /^OTEL_METRIC_EXPORT_TIMEOUT: "1.5" is not .* Using 30000/],
  ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'many', /OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT/],
  [
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    'odd',
    /OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE/,
  ],
])(
  '[sdk:env-invalid] %s=%s is one warning, and telemetry flows by the default',
  async (variable, value, warning) => {
    const { code, stderr } = await run({ [variable]: value });
    expect(lines(stderr)).toEqual([expect.stringMatching(warning)]);
    expect(code).toBe(0);
    expect([receiver.spans().length, receiver.metricNames()]).toEqual([5, ['works']]);
  },
);

test.each(['collector', 'localhost:4318', 'ftp://localhost:4318'])(
  '[sdk:env-invalid] the endpoint %s is one warning for both signals, and the default is taken',
  async (endpoint) => {
    const { code, stderr } = await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    });
    expect(lines(stderr).filter((line) => line.includes(`'${endpoint}'`)).length).toBe(
      // What is no URL at all the SDK reads and reports itself, once for both signals.
      URL.canParse(endpoint) ? 0 : 1,
    );
    expect(lines(stderr).filter((line) => line.startsWith('OTEL_'))).toEqual([
      `OTEL_EXPORTER_OTLP_ENDPOINT: "${endpoint}" is no http or https URL. Using http://localhost:4318. ` +
        'Write it with its scheme, as in http://collector:4318.',
    ]);
    expect(code).toBe(0);
  },
);

test('[sdk:env-invalid] an endpoint of one signal that is none leaves the other its own', async () => {
  const { code, stderr } = await run({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'localhost:4318/v1/traces',
    OTEL_EXPORTER_OTLP_TIMEOUT: '200',
  });
  expect(lines(stderr).filter((line) => line.startsWith('OTEL_'))).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "localhost:4318\/v1\/traces" is no http/),
  ]);
  expect([code, receiver.metricNames()]).toEqual([0, ['works']]);
});
