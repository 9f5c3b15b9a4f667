// Where the CPU time of a request goes, in two contenders: `node profile.js FRAMEWORK [--scenario NAME] [--contenders A,B] [--seconds N]`.
//
// Both servers are alive together, sampled by V8's profiler, and take turns under load. Prints the microseconds per request
// that each function takes itself in either, those with the greatest difference first. Inlined functions count for their
// callers, and the profiler costs some time of its own, so that this says where to look, not what it costs.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ask, load, message, start, warmUp } from './processes.js';
import { scenarios } from './scenarios.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', default: 'sampled' },
    contenders: { type: 'string', default: 'floor,ours' },
    seconds: { type: 'string', default: '16' },
    lines: { type: 'string', default: '40' },
  },
});
const [framework = 'node-http'] = positionals;
const names = values.contenders.split(',');
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { path, headers } = scenarios[values.scenario];
const generator = start('generator.js', [], 1);
const servers = [];
for (const name of names) {
  const child = start('server.js', [framework, name, values.scenario], 0);
  const { port } = await message(child);
  servers.push({ child, port, requests: 0 });
  await warmUp(generator, { port, seconds: 4, path, headers });
  await ask(child, 'startProfiling');
}
for (let second = 0; second < Number(values.seconds); second++)
  for (const server of second % 2 === 0 ? servers : servers.toReversed())
    server.requests += await load(generator, { port: server.port, seconds: 1, path, headers });

const columns = [];
for (const { child, requests } of servers) {
  const { profile } = await ask(child, 'stopProfiling');
  columns.push(perRequest(profile, requests));
  child.disconnect();
}
generator.disconnect();

/** Microseconds per request that each function takes itself, by name and place. */
function perRequest({ nodes, samples, timeDeltas }, requests) {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const micros = new Map();
  samples.forEach((id, index) => {
    const place = places.get(id);
    micros.set(place, (micros.get(place) ?? 0) + timeDeltas[index] / requests);
  });
  return micros;
}

function placeOf({ functionName, url, lineNumber }) {
  const file = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
  return `${functionName || '(anonymous)'} ${file.replace(/.*node_modules\//, '')}:${lineNumber + 1}`;
}

const places = [...new Set(columns.flatMap((column) => [...column.keys()]))].filter(
  (place) => !/^\((?:idle|program)\)/.test(place),
);
const differences = places
  .map((place) => ({ place, micros: columns.map((column) => column.get(place) ?? 0) }))
  .sort(({ micros: [a = 0, b = 0] }, { micros: [c = 0, d = 0] }) => Math.abs(d - c) - Math.abs(b - a));
const total = columns.map((column) => places.reduce((sum, place) => sum + (column.get(place) ?? 0), 0));
const cell = (number) => number.toFixed(2).padStart(8);
console.log(
  `${names.map((name) => name.padStart(8)).join('')}  µs per request, ${framework}, ${values.scenario}, Node ${process.version}`,
);
console.log(`${total.map(cell).join('')}  all that is JavaScript, the collector and the compiler`);
for (const { place, micros } of differences.slice(0, Number(values.lines)))
  console.log(`${micros.map(cell).join('')}  ${place}`);
process.exit();
