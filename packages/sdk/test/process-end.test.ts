import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runNode, startNode } from './node-process.js';
import type { OtlpReceiver } from './otlp-receiver.js';
import { startOtlpReceiver } from './otlp-receiver.js';

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await startOtlpReceiver();
});

afterEach(() => receiver.close());

/** A server process with one span and one metric behind it, and more that never ends. */
const SERVER = `
  import { createServer } from 'node:http';
  import { metrics, trace } from '@opentelemetry/api';
  import { initTelemetry } from '@otel-middleware/sdk';
  const telemetry = initTelemetry({ shutdownTimeoutMillis: 1500 });
  trace.getTracer('test').startSpan('work').end();
  metrics.getMeter('test').createCounter('works').add(1);
  createServer().listen(0, '127.0.0.1', () => console.log('ready'));
`;

const env = (): Record<string, string> => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
const delivered = (): [string[], string[]] => [
  receiver.spans().map(({ name }) => name),
  receiver.metricNames(),
];
const ALL = [['work'], ['works']];

describe.each(['SIGTERM', 'SIGINT'] as const)('[sdk:signal] %s', (signal) => {
  test('ends the process as it would have, after a flush', async () => {
    const { child, printed, ended } = startNode(SERVER, { env: env() });
    await printed('ready');
    child.kill(signal);
    expect(await ended).toMatchObject({ code: null, signal, stderr: '' });
    expect(delivered()).toEqual(ALL);
  });

  test.each(['on', 'once'])(
    'is left to the application that listens for it with %s, after a flush',
    async (listen) => {
      const program = `${SERVER}
      process.${listen}('${signal}', () => {
        console.log('own listener');
        setTimeout(() => { console.log('draining done'); process.exit(7); }, 700);
      });`;
      const { child, printed, ended } = startNode(program, { env: env() });
      await printed('ready');
      child.kill(signal);
      expect(await ended).toMatchObject({
        code: 7,
        signal: null,
        stdout: 'ready\nown listener\ndraining done\n',
        stderr: '',
      });
      expect(delivered()).toEqual(ALL);
    },
  );
});

test('[sdk:signal] a listener from before is the application’s, too', async () => {
  const program = `process.once('SIGTERM', () => setTimeout(() => process.exit(8), 700)); ${SERVER}`;
  const { child, printed, ended } = startNode(program, { env: env() });
  await printed('ready');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 8, signal: null });
  expect(delivered()).toEqual(ALL);
});

test('[sdk:signal] a library that counts listeners to pass the signal on still does', async () => {
  const program = `${SERVER}
    const passOn = (signal) => {
      if (process.listenerCount(signal) > 1) return;
      process.removeListener(signal, passOn);
      process.kill(process.pid, signal);
    };
    process.on('SIGTERM', passOn);`;
  const { child, printed, ended } = startNode(program, { env: env() });
  await printed('ready');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test('[sdk:signal] a silent collector delays the end by shutdownTimeoutMillis and no more', async () => {
  const silent = await startOtlpReceiver(() => {});
  const { child, printed, ended } = startNode(SERVER, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url } });
  await printed('ready');
  const sent = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  const delay = performance.now() - sent;
  await silent.close();
  expect(delay).toBeGreaterThan(1200);
  expect(delay).toBeLessThan(3000);
});

test('[sdk:signal] a second signal does not wait for the flush', async () => {
  const silent = await startOtlpReceiver(() => {});
  const program = SERVER.replace('1500', '60000');
  const { child, printed, ended } = startNode(program, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url } });
  await printed('ready');
  child.kill('SIGTERM');
  while (silent.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  const sent = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  await silent.close();
  expect(performance.now() - sent).toBeLessThan(3000);
});

test('[sdk:signal] after shutdown the process has no listener of ours', async () => {
  const program = `${SERVER}
    const count = () => ['SIGTERM', 'SIGINT', 'beforeExit'].map((event) => process.listenerCount(event)).join();
    const before = count();
    await telemetry.shutdown();
    console.log(before, count());
    process.exit();`;
  expect((await runNode(program, { env: env() })).stdout).toContain('1,1,1 0,0,0\n');
});

test('[sdk:exit] a process that comes to its end flushes first, with its exit code', async () => {
  const program = `${SERVER.replace(/createServer\(\).*/, '')} process.exitCode = 3;`;
  expect(await runNode(program, { env: env() })).toMatchObject({ code: 3, signal: null, stderr: '' });
  expect(delivered()).toEqual(ALL);
});

test('[sdk:exit] work that another beforeExit listener starts is still traced', async () => {
  const program = `${SERVER.replace(/createServer\(\).*/, '')}
    process.once('beforeExit', () => setTimeout(async () => {
      trace.getTracer('test').startSpan('late').end();
      await telemetry.forceFlush();
    }, 300));`;
  expect(await runNode(program, { env: env() })).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.spans().map(({ name }) => name)).toEqual(['work', 'late']);
});

test('[sdk:exit] a collector that nobody runs holds the process for shutdownTimeoutMillis at most', async () => {
  const program = SERVER.replace(/createServer\(\).*/, 'console.log(performance.now());');
  const { code, stdout, duration } = await runNode(program, {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  });
  expect(code).toBe(0);
  expect(duration - Number(stdout)).toBeLessThan(1500 + 1000);
});

test('[sdk:exit] nothing of ours keeps a process alive that has nothing to send', async () => {
  const program = `import { initTelemetry } from '@otel-middleware/sdk'; initTelemetry(); console.log(performance.now());`;
  const { code, stdout, duration } = await runNode(program, { env: env() });
  expect(code).toBe(0);
  expect(duration - Number(stdout)).toBeLessThan(1000);
  expect(receiver.requests).toEqual([]);
});
