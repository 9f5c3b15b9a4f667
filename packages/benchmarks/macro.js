// What instrumentation adds to a request, whole processes: CPU time over bare, throughput, and bytes allocated on the heap.
//
//   node macro.js [--generations N] [--rounds N] [--seconds N] [--warm-up SECONDS] [--scenarios LIST] [--contenders LIST]
//     [--write PART] [FRAMEWORK...]
//
// Without names all frameworks run, in the scenario `sampled`. All contenders are alive together and take turns, a bare shot
// on either side of each round, so that the machine's drift meets all alike. Each generation has processes of its own, since
// what the compiler makes of the same code in one differs from the next, and warms up until most of that is made. Server and
// generator are pinned to a core each where `taskset` is there. Loopback only; ends by itself. `--write` puts the table into a
// part of RESULTS.md.
//
// What is compared is the CPU time spent outside of the kernel. No contender makes system calls for a request that bare does
// not make, and what they cost depends on how far apart request and answer are, more than on anything that is compared.
import { parseArgs } from 'node:util';
import { applications } from './applications.js';
import { contenders } from './contenders.js';
import { ask, load, message, start, warmUp } from './processes.js';
import { geometricMean, quantile, spread } from './quantiles.js';
import { writeResults } from './results.js';
import { scenarios } from './scenarios.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    generations: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '4' },
    scenarios: { type: 'string', default: 'sampled' },
    contenders: { type: 'string', default: 'floor,ours,official' },
    write: { type: 'string' },
  },
});
const generations = Number(values.generations);
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const warmSeconds = Number(values['warm-up']);
const racing = chosen(values.contenders.split(','), contenders);
const frameworks = chosen(positionals.length > 0 ? positionals : Object.keys(applications), applications);
const asked = chosen(values.scenarios.split(','), scenarios);

function chosen(names, all) {
  const unknown = names.find((name) => !(name in all));
  if (unknown !== undefined)
    throw new Error(`There is no "${unknown}". Take one of ${Object.keys(all).join(', ')}.`);
  return names;
}

const generator = start('generator.js', [], 1);
const sink = start('sink.js', [], 1);
process.env.SINK = `http://127.0.0.1:${(await message(sink)).port}/v1/traces`;
/** The contenders that ours is compared with, and the ratios. */
const rivals = racing.includes('ours') ? racing.filter((name) => name !== 'ours') : [];
const ratios = Object.fromEntries(rivals.map((name) => [name, []]));
const titles = [
  'framework, scenario',
  'bare µs',
  ...racing.map((name) => `${name} adds µs`),
  ...rivals.map((name) => `ours ÷ ${name}`),
  `with the kernel, µs: bare, ${racing.join(', ')}`,
  `req/s ÷ bare: ${racing.join(', ')}`,
  `allocated, kB: bare, ${racing.join(', ')}`,
  `spans: ${racing.join(', ')}`,
];
const lines = [`| ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length)}`];
const heading = `Node ${process.version}, ${generations} generations of processes, ${rounds} rounds each, ${seconds} s a shot after ${warmSeconds} s; medians, quartiles in brackets.`;
console.log(`${heading}\n\n${lines.join('\n')}`);
for (const scenario of asked) for (const framework of frameworks) await measure(framework, scenario);
generator.disconnect();
sink.disconnect();
const means = rivals
  .filter((name) => ratios[name].every((ratio) => ratio > 0))
  .map((name) => `ours ÷ ${name} ${geometricMean(ratios[name]).toFixed(2)}`);
if (means.length > 0) {
  const line = `Geometric means: ${means.join(', ')}.`;
  lines.push('', line);
  console.log(`\n${line}`);
}
if (values.write) writeResults(values.write, [heading, '', ...lines]);

async function measure(framework, scenario) {
  const all = ['bare', ...racing];
  const figures = {
    bare: [],
    total: Object.fromEntries(all.map((name) => [name, []])),
    added: Object.fromEntries(racing.map((name) => [name, []])),
    throughput: Object.fromEntries(racing.map((name) => [name, []])),
    kilobytes: Object.fromEntries(all.map((name) => [name, []])),
    spans: Object.fromEntries(all.map((name) => [name, []])),
  };
  for (let generation = 0; generation < generations; generation++)
    await measureGeneration(framework, scenario, figures);
  const { bare, total, added, throughput, kilobytes, spans } = figures;
  const median = (list) => quantile(list, 0.5);
  for (const name of rivals) ratios[name].push(median(added.ours) / median(added[name]));
  const cells = [
    `${framework}, ${scenario}`,
    spread(bare),
    ...racing.map((name) => spread(added[name])),
    ...rivals.map((name) => ratios[name].at(-1).toFixed(2)),
    all.map((name) => median(total[name]).toFixed(1)).join(', '),
    racing.map((name) => median(throughput[name]).toFixed(2)).join(', '),
    all.map((name) => median(kilobytes[name]).toFixed(1)).join(', '),
    racing.map((name) => median(spans[name]).toFixed(2)).join(', '),
  ];
  lines.push(`| ${cells.join(' | ')} |`);
  console.log(lines.at(-1));
}

async function measureGeneration(framework, scenario, figures) {
  const { bare, total, added, throughput, kilobytes, spans } = figures;
  const all = ['bare', ...racing];
  const servers = {};
  const shoot = (name) => shot(servers[name], scenario);
  for (const name of all) {
    servers[name] = start('server.js', [framework, name, scenario], 0);
    servers[name].port = (await message(servers[name])).port;
    await warmUp(generator, shotAt(servers[name], scenario, warmSeconds));
  }
  for (let round = 0; round < rounds; round++) {
    const before = await shoot('bare');
    const shots = {};
    for (const name of round % 2 === 0 ? racing : [...racing].reverse()) shots[name] = await shoot(name);
    const after = await shoot('bare');
    bare.push(before.micros, after.micros);
    total.bare.push(before.total, after.total);
    for (const name of racing) {
      total[name].push(shots[name].total);
      added[name].push(shots[name].micros - (before.micros + after.micros) / 2);
      throughput[name].push((2 * shots[name].requests) / (before.requests + after.requests));
    }
  }
  for (const name of all) {
    const one = await allocation(servers[name], scenario);
    kilobytes[name].push(one.kilobytes);
    spans[name].push(one.spans);
  }
  for (const server of Object.values(servers)) server.disconnect();
}

function shotAt({ port }, scenario, duration = seconds) {
  const { path, headers } = scenarios[scenario];
  return { port, seconds: duration, path, headers };
}

async function shot(server, scenario) {
  const before = await ask(server, 'cpu');
  const requests = await load(generator, shotAt(server, scenario));
  const after = await ask(server, 'cpu');
  const micros = (after.user - before.user) / requests;
  return { requests, micros, total: micros + (after.system - before.system) / requests };
}

/** Kilobytes and spans per request, in a shot of its own, since counting costs time. */
async function allocation(server, scenario) {
  const { spans: before } = await ask(server, 'spans');
  await ask(server, 'startCounting');
  const requests = await load(generator, shotAt(server, scenario));
  const { allocated } = await ask(server, 'stopCounting');
  const { spans: after } = await ask(server, 'spans');
  return { kilobytes: allocated / requests / 1000, spans: (after - before) / requests };
}
