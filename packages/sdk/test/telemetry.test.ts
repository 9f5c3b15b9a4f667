import { expect, test } from '@jest/globals';
import { runNode } from './node-process.js';
import { startOtlpReceiver } from './otlp-receiver.js';

const RUNS_ALREADY = 'initTelemetry: telemetry runs in this process already';

/** Nothing is sent, so that no collector is needed. */
const QUIET = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };

/** Prints what the program's `lines` hold at its end. */
async function print(program: string, env: Record<string, string> = QUIET): Promise<string[]> {
  const { code, stdout, stderr } = await runNode(
    `import { initTelemetry } from '@otel-middleware/sdk';
     const lines = [];
     const failure = (action) => { try { action(); return 'no error'; } catch (error) { return error.message; } };
     ${program}
     console.log(lines.join('\\n'));`,
    { env },
  );
  expect([code, stderr]).toEqual([0, '']);
  return stdout.trimEnd().split('\n');
}

test('[sdk:once] a second call is refused, and after shutdown it is welcome', async () => {
  const lines = await print(`
    const telemetry = initTelemetry();
    lines.push(failure(() => initTelemetry()));
    const ending = telemetry.shutdown();
    lines.push(failure(() => initTelemetry()));
    await ending;
    const next = initTelemetry();
    lines.push(failure(() => initTelemetry()));
    await telemetry.shutdown();
    lines.push(failure(() => initTelemetry()));
    await next.shutdown();`);
  expect(lines).toEqual(Array(4).fill(expect.stringContaining(RUNS_ALREADY)));
});

test('[sdk:once] two copies of the package know of each other', async () => {
  const lines = await print(`
    import { createRequire } from 'node:module';
    const other = createRequire(process.cwd() + '/')('./dist/cjs/index.js');
    lines.push(other.initTelemetry !== initTelemetry);
    const telemetry = initTelemetry();
    lines.push(failure(() => other.initTelemetry()));
    await telemetry.shutdown();
    await other.initTelemetry().shutdown();`);
  expect(lines).toEqual(['true', expect.stringContaining(RUNS_ALREADY)]);
});

test('[sdk:once] beside another SDK it is refused, and leaves the other as it was', async () => {
  const program = `
    import { context, metrics, propagation, trace } from '@opentelemetry/api';
    import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
    import { initTelemetry } from '@otel-middleware/sdk';
    const other = new NodeTracerProvider();
    trace.setGlobalTracerProvider(other);
    try { initTelemetry(); } catch (error) { console.log(error.message); }
    console.log(trace.getTracerProvider().getDelegate() === other, propagation.fields().length);
    trace.disable();
    await initTelemetry().shutdown();`;
  const { code, stdout } = await runNode(program, { env: QUIET });
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(
      /^initTelemetry: a tracer provider is already registered.*npm ls @opentelemetry\/api/,
    ),
    'true 0',
  ]);
});

test('[sdk:shutdown] it is idempotent and unregisters all four globals', async () => {
  const lines = await print(`
    import { context, createContextKey, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
    const key = createContextKey('test');
    const state = () => [
      trace.getTracer('test').startSpan('work').isRecording(),
      metrics.getMeterProvider().constructor.name,
      propagation.fields().length,
      context.with(ROOT_CONTEXT.setValue(key, 1), () => context.active().getValue(key)),
    ].join();
    lines.push(state());
    const telemetry = initTelemetry();
    lines.push(state());
    const ending = telemetry.shutdown();
    lines.push(telemetry.shutdown() === ending, telemetry.forceFlush() === ending);
    lines.push(await ending);
    lines.push(state());`);
  expect(lines).toEqual([
    'false,NoopMeterProvider,0,',
    'true,MeterProvider,3,1',
    'true',
    'true',
    '',
    'false,NoopMeterProvider,0,',
  ]);
});

test('[sdk:shutdown] it resolves by its deadline, with one warning, when an exporter never comes back', async () => {
  const program = `
    import { trace } from '@opentelemetry/api';
    import { initTelemetry } from '@otel-middleware/sdk';
    const never = new Promise(() => {});
    const traceExporter = { export() {}, shutdown: () => never, forceFlush: () => never };
    const telemetry = initTelemetry({ traceExporter, shutdownTimeoutMillis: 300 });
    trace.getTracer('test').startSpan('work').end();
    for (const action of ['forceFlush', 'shutdown', 'shutdown']) {
      const started = performance.now();
      console.log(await telemetry[action](), performance.now() - started < 800);
    }
    process.exit();`;
  const { stdout, stderr } = await runNode(program, { env: QUIET });
  expect(stdout).toBe('undefined true\n'.repeat(3));
  expect(stderr.trimEnd().split('\n')).toEqual([
    'Telemetry may be lost: forceFlush did not finish within 300 ms.',
    'Telemetry may be lost: shutdown did not finish within 300 ms.',
  ]);
});

test('[sdk:shutdown] an exporter that throws or rejects does not make it reject', async () => {
  const program = `
    import { trace } from '@opentelemetry/api';
    import { initTelemetry } from '@otel-middleware/sdk';
    const traceExporter = {
      export(spans, done) { done({ code: 1, error: new Error('no luck') }); },
      shutdown: () => Promise.reject(new Error('nor here')),
      forceFlush() { throw new Error('nor there'); },
    };
    const telemetry = initTelemetry({ traceExporter });
    trace.getTracer('test').startSpan('work').end();
    await telemetry.forceFlush();
    await telemetry.forceFlush();
    await telemetry.shutdown();
    console.log('resolved');`;
  const { code, stdout, stderr } = await runNode(program, {
    env: QUIET,
    flags: ['--unhandled-rejections=strict'],
  });
  expect([code, stdout]).toEqual([0, 'resolved\n']);
  expect(stderr.trimEnd().split('\n')).toEqual(
    ['no luck', 'nor there', 'nor here'].map((cause) =>
      expect.stringContaining(`Telemetry is being lost: ${cause}.`),
    ),
  );
});

test('[sdk:shutdown] forceFlush waits for the batch that is on its way', async () => {
  const receiver = await startOtlpReceiver((_, response) => {
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), 400);
  });
  const lines = await print(
    `
    import { trace } from '@opentelemetry/api';
    const telemetry = initTelemetry();
    trace.getTracer('test').startSpan('work').end();
    await new Promise((resolve) => setTimeout(resolve, 150));
    const started = performance.now();
    await telemetry.forceFlush();
    lines.push(performance.now() - started > 150);`,
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    },
  );
  await receiver.close();
  expect(lines).toEqual(['true']);
  expect(receiver.spans().map(({ name }) => name)).toEqual(['work']);
});

test('[sdk:diag] a logger of the application stays, hears each cause once, and is its own again after shutdown', async () => {
  const lines = await print(
    `
    import { diag, DiagLogLevel } from '@opentelemetry/api';
    const log = (level) => (...message) => lines.push(level + ' ' + message.join(' '));
    const levels = Object.fromEntries(['error', 'warn', 'info', 'debug', 'verbose'].map((level) => [level, log(level)]));
    diag.setLogger(levels, DiagLogLevel.WARN);
    const telemetry = initTelemetry();
    const component = diag.createComponentLogger({ namespace: 'own' });
    for (const count of [1, 2]) {
      diag.warn('dropped ' + count + ' spans');
      diag.error('failed');
      component.warn('of a component');
      diag.info('below the level');
    }
    await telemetry.shutdown();
    for (const count of [1, 2]) diag.warn('after ' + count);
    diag.info('below the level');`,
    { ...QUIET, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: 'many', OTEL_LOG_LEVEL: 'none' },
  );
  expect(lines).toEqual([
    expect.stringMatching(/^warn .*OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT/),
    'warn dropped 1 spans',
    'error failed',
    'warn own of a component',
    'warn after 1',
    'warn after 2',
  ]);
});

test('[sdk:diag] a logger that the application sets later is left in place by shutdown', async () => {
  const lines = await print(`
    import { diag, DiagLogLevel } from '@opentelemetry/api';
    const telemetry = initTelemetry();
    diag.setLogger({ warn: (message) => lines.push(message) }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    await telemetry.shutdown();
    diag.warn('heard');`);
  expect(lines).toEqual(['heard']);
});

test('[metric:late-sdk] what was built before telemetry started is traced from then on', async () => {
  const lines = await print(`
    import { trace } from '@opentelemetry/api';
    const tracer = trace.getTracer('early');
    lines.push(tracer.startSpan('before').isRecording());
    initTelemetry();
    lines.push(tracer.startSpan('after').isRecording());`);
  expect(lines).toEqual(['false', 'true']);
});
