// What an application waits for at its start: import and construction of each adapter, in fresh processes, with API and framework
// loaded already: `node cold-start.js [--write]`. With a name it is such a process: `node cold-start.js ADAPTER`.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread } from './quantiles.js';
import { writeResults } from './results.js';

const PROCESSES = 15;

/** The framework of each adapter, and what constructs it. */
const adapters = {
  'node-http': { framework: 'node:http', construct: (module) => module.instrumentListener(() => {}) },
  express: { framework: 'express', construct: (module) => module.opentelemetry() },
  fastify: {
    framework: 'fastify',
    // Its first application loads what is Fastify's own.
    prepare: ({ default: fastify }) => fastify().ready(),
    construct: async (module, { default: fastify }) => {
      await fastify().register(module.opentelemetry).ready();
    },
  },
  koa: { framework: 'koa', construct: (module) => module.opentelemetry() },
  hono: { framework: 'hono', construct: (module) => module.opentelemetry() },
  'fetch-handler': {
    framework: 'node:http',
    construct: (module) => module.instrumentHandler(() => new Response()),
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
if (positionals.length > 0) await tell(positionals[0]);
else measureAll();

/** Prints how many milliseconds import and construction took in this process. */
async function tell(adapter) {
  const { framework, prepare, construct } = adapters[adapter];
  await import('@opentelemetry/api');
  const loaded = await import(framework);
  await prepare?.(loaded);
  const start = performance.now();
  const module = await import(`@otel-middleware/${adapter}`);
  const imported = performance.now();
  await construct(module, loaded);
  console.log(JSON.stringify([imported - start, performance.now() - imported]));
  process.exit();
}

function measureAll() {
  const file = fileURLToPath(import.meta.url);
  const taken = Object.fromEntries(Object.keys(adapters).map((adapter) => [adapter, []]));
  for (let round = 0; round < PROCESSES; round++)
    for (const adapter of Object.keys(adapters))
      taken[adapter].push(JSON.parse(execFileSync(process.execPath, [file, adapter], { encoding: 'utf8' })));
  const rows = Object.entries(taken).map(
    ([adapter, times]) =>
      `| ${adapter} | ${spread(times.map(([imported]) => imported))} | ${spread(times.map(([, constructed]) => constructed))} |`,
  );
  const heading = `Node ${process.version}, ${PROCESSES} processes each; milliseconds, medians, quartiles in brackets.`;
  const lines = ['| adapter | import | construction |', '|---|---|---|', ...rows];
  console.log(`${heading}\n\n${lines.join('\n')}`);
  if (values.write) writeResults('cold-start', [heading, '', ...lines]);
}
