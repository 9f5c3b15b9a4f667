// Added CPU time per request over bare, whole processes: `node macro.js [--rounds N] [--seconds N] [NAME...]`.
//
// A name is `node-http`, `express`, `hono` or `hono-streamed`, whose body is a stream of ten chunks; without any, all.
//
// All variants are alive together and take turns, a bare shot before every third, so that the machine's drift meets all
// alike. Server and generator are pinned to a core each where `taskset` is there. Loopback only; ends by itself.
import { parseArgs } from 'node:util';
import { message, start } from './processes.js';
import { quantile, spread } from './quantiles.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '8' }, seconds: { type: 'string', default: '1' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const VARIANTS = ['floor', 'ours'];
const SUBJECTS = {
  'node-http': ['node-http', '/users/42?verbose=1'],
  express: ['express', '/users/42?verbose=1'],
  hono: ['hono', '/users/42?verbose=1'],
  'hono-streamed': ['hono', '/streamed/42?verbose=1'],
};
const names = positionals.length > 0 ? positionals : Object.keys(SUBJECTS);
const unknown = names.find((name) => !(name in SUBJECTS));
if (unknown !== undefined)
  throw new Error(`There is no "${unknown}". Take one of ${Object.keys(SUBJECTS).join(', ')}.`);

const generator = start('generator.js', [], 1);
console.log(
  `Node ${process.version}, ${rounds} rounds of ${seconds} s a shot; medians, quartiles in brackets`,
);
console.log('| | bare µs | floor adds µs | ours adds µs | ours ÷ floor | req/s ÷ bare: floor, ours |');
console.log('|---|---|---|---|---|---|');
for (const name of names) await measure(name, ...SUBJECTS[name]);
generator.disconnect();

async function measure(name, framework, path) {
  const servers = {};
  for (const variant of ['bare', ...VARIANTS]) {
    servers[variant] = start('server.js', [framework, variant], 0);
    servers[variant].port = (await message(servers[variant])).port;
    await shot(servers[variant], path);
  }
  const added = { floor: [], ours: [] };
  const throughput = { floor: [], ours: [] };
  const bare = [];
  for (let round = 0; round < rounds; round++) {
    const before = await shot(servers.bare, path);
    const order = round % 2 === 0 ? VARIANTS : [...VARIANTS].reverse();
    const shots = {};
    for (const variant of order) shots[variant] = await shot(servers[variant], path);
    const after = await shot(servers.bare, path);
    bare.push(before.micros, after.micros);
    for (const variant of VARIANTS) {
      added[variant].push(shots[variant].micros - (before.micros + after.micros) / 2);
      throughput[variant].push((2 * shots[variant].requests) / (before.requests + after.requests));
    }
  }
  for (const server of Object.values(servers)) server.disconnect();
  const ratio = quantile(added.ours, 0.5) / quantile(added.floor, 0.5);
  const cells = [spread(bare), spread(added.floor), spread(added.ours), ratio.toFixed(2)];
  console.log(
    `| ${name} | ${cells.join(' | ')} | ${VARIANTS.map((v) => quantile(throughput[v], 0.5).toFixed(2)).join(', ')} |`,
  );
}

async function shot(server, path) {
  server.send('cpu');
  const { cpuMicros: before } = await message(server);
  generator.send({ port: server.port, seconds, path });
  const { requests, non2xx, errors } = await message(generator);
  if (non2xx + errors > 0)
    throw new Error(`${non2xx + errors} requests failed; a figure over failures means nothing.`);
  server.send('cpu');
  const { cpuMicros: after } = await message(server);
  return { requests, micros: (after - before) / requests };
}
