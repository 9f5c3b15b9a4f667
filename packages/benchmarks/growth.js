// What is left of a million requests: `node growth.js [--requests N] [--write] [FRAMEWORK...]`. Server and generator are
// processes of their own on a core each; heap and handles are read after collections, once warm and once at the end.
import { parseArgs } from 'node:util';
import { applications } from './applications.js';
import { ask, load, message, start } from './processes.js';
import { writeResults } from './results.js';
import { scenarios } from './scenarios.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '1000000' },
    write: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.requests);
const frameworks = positionals.length > 0 ? positionals : Object.keys(applications);
const { path, headers } = scenarios.sampled;
const generator = start('generator.js', [], 1);

async function measure(framework) {
  const server = start('server.js', [framework, 'ours', 'sampled'], 0);
  const { port } = await message(server);
  const shoot = () => load(generator, { port, seconds: 10, path, headers });
  await shoot();
  const before = await ask(server, 'remains');
  let requests = 0;
  while (requests < wanted) requests += await shoot();
  const after = await ask(server, 'remains');
  server.disconnect();
  const heap = `${(before.heap / 1e6).toFixed(2)} → ${(after.heap / 1e6).toFixed(2)}`;
  return `| ${framework} | ${requests} | ${heap} | ${before.handles} → ${after.handles} |`;
}

const heading = `Node ${process.version}; after ten seconds of requests → after so many more.`;
const lines = ['| framework | requests | heap, MB | handles |', '|---|---|---|---|'];
console.log(`${heading}\n\n${lines.join('\n')}`);
for (const framework of frameworks) {
  lines.push(await measure(framework));
  console.log(lines.at(-1));
}
generator.disconnect();
if (values.write) writeResults('growth', [heading, '', ...lines]);
