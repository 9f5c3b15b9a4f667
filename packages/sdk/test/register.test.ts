import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runNode, startNode } from './node-process.js';
import type { OtlpReceiver } from './otlp-receiver.js';
import { startOtlpReceiver } from './otlp-receiver.js';

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await startOtlpReceiver();
});

afterEach(() => receiver.close());

const WORK = `
  trace.getTracer('test').startSpan('work').end();
  metrics.getMeter('test').createCounter('works').add(1);
`;
const PROGRAMS = {
  module: `import { metrics, trace } from '@opentelemetry/api'; ${WORK}`,
  commonjs: `const { metrics, trace } = require('@opentelemetry/api'); ${WORK}`,
};
const env = (): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_SERVICE_NAME: 'preloaded',
});

test.each([
  ['--import', 'module'],
  ['--import', 'commonjs'],
  ['--require', 'module'],
  ['--require', 'commonjs'],
] as const)('[sdk:register] node %s starts telemetry for a %s program', async (flag, type) => {
  const flags = [flag, '@otel-middleware/sdk/register'];
  expect(await runNode(PROGRAMS[type], { env: env(), flags, type })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
  expect([receiver.spans().map(({ name }) => name), receiver.metricNames()]).toEqual([['work'], ['works']]);
  expect(receiver.resource('/v1/traces')['service.name']).toBe('preloaded');
});

test.each(['esm', 'cjs'])('[sdk:register] the %s build of it works by its path', async (build) => {
  const flags = [build === 'esm' ? '--import' : '--require', `./dist/${build}/register.js`];
  expect(await runNode(PROGRAMS.module, { env: env(), flags })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
  expect(receiver.spans().map(({ name }) => name)).toEqual(['work']);
});

test('[sdk:register] preloaded both ways it starts once', async () => {
  const flags = ['--import', '@otel-middleware/sdk/register', '--require', '@otel-middleware/sdk/register'];
  expect(await runNode(PROGRAMS.module, { env: env(), flags })).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.spans()).toHaveLength(1);
});

test('[sdk:register] a program that also calls initTelemetry is told so', async () => {
  const flags = ['--import', '@otel-middleware/sdk/register'];
  const program = `import { initTelemetry } from '@otel-middleware/sdk'; initTelemetry();`;
  const { code, stderr } = await runNode(program, { env: env(), flags });
  expect(code).toBe(1);
  expect(stderr).toContain(
    'telemetry runs in this process already. Call it once, here or by --import of @otel-middleware/sdk/register',
  );
});

test('[sdk:register] a preloaded server flushes at SIGTERM', async () => {
  const program = `${PROGRAMS.module} setInterval(() => {}, 1000); console.log('ready');`;
  const { child, printed, ended } = startNode(program, {
    env: env(),
    flags: ['--import', '@otel-middleware/sdk/register'],
  });
  await printed('ready');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
  expect(receiver.spans()).toHaveLength(1);
});

test('[sdk:register] worker threads are traced, too', async () => {
  const program = `
    import { Worker } from 'node:worker_threads';
    new Worker(${JSON.stringify(PROGRAMS.module)}, { eval: true });`;
  const { code, stderr } = await runNode(program, {
    env: env(),
    flags: ['--import', '@otel-middleware/sdk/register'],
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(receiver.spans().map(({ name }) => name)).toEqual(['work']);
});
