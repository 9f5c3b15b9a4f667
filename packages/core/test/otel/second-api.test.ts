import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));
const installed = (name: string) => realpathSync(join(packageFolder, 'node_modules', name));
const folder = mkdtempSync(join(tmpdir(), 'second-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An application with one copy of the API and, within the built core, another. */
function applicationWith(apiOfApplication: string, apiOfCore: string): string {
  const application = join(folder, `${apiOfApplication}-${apiOfCore}`.replaceAll(/[@/]/g, ''));
  const modules = join(application, 'node_modules');
  const core = join(modules, '@otel-middleware/core');
  const apiWithinCore = join(core, 'node_modules/@opentelemetry');
  for (const each of [join(modules, '@opentelemetry'), apiWithinCore]) mkdirSync(each, { recursive: true });
  cpSync(join(packageFolder, 'dist'), join(core, 'dist'), { recursive: true });
  cpSync(join(packageFolder, 'package.json'), join(core, 'package.json'));
  symlinkSync(installed(apiOfCore), join(apiWithinCore, 'api'));
  symlinkSync(installed(apiOfApplication), join(modules, '@opentelemetry/api'));
  symlinkSync(installed('@opentelemetry/sdk-trace-node'), join(modules, '@opentelemetry/sdk-trace-node'));
  writeFileSync(
    join(application, 'app.mjs'),
    `
    import { trace } from '@opentelemetry/api';
    import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
    import { createHttpServerInstrumentation } from '@otel-middleware/core';
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    const instrumentation = createHttpServerInstrumentation({
      scope: { name: 'app', version: '1' }, framework: 'app', response: { statusCode: () => 200 },
      request: { keys: () => [], get: () => undefined, headerValues: () => undefined, method: () => 'GET', target: () => '/',
        scheme: () => 'http', authority: () => undefined, identity: (request) => request },
    });
    let answers = 0;
    for (let request = 0; request < 3; request++) {
      const operation = instrumentation.start({});
      answers += operation === undefined ? 1 : operation.run(() => 1);
      operation?.end({});
    }
    console.log(JSON.stringify({ answers, spans: exporter.getFinishedSpans().length }));
    `,
  );
  return application;
}

function run(application: string): { result: unknown; warnings: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['app.mjs'], {
    cwd: application,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return {
    result: JSON.parse(stdout),
    warnings: stderr.split('\n').filter((line) => line.includes('OpenTelemetryWarning')),
  };
}

test('an API older than the registered one works, without a warning (robust:api-dup)', () => {
  expect(run(applicationWith('opentelemetry-api-1.10', '@opentelemetry/api'))).toEqual({
    result: { answers: 3, spans: 3 },
    warnings: [],
  });
});

test('an API newer than the registered one makes no spans, serves all the same, and says so once, with the cure (robust:api-dup)', () => {
  const { result, warnings } = run(applicationWith('@opentelemetry/api', 'opentelemetry-api-1.10'));
  expect(result).toEqual({ answers: 3, spans: 0 });
  expect(warnings).toEqual([
    expect.stringMatching(
      /@opentelemetry\/api 1\.9\.1.* Install one version of @opentelemetry\/api for both\./,
    ),
  ]);
});
