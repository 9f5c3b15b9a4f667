// What each package adds to a bundle: minified and compressed, without its peers and what other packages here bring:
// `node sizes.js [--gate] [--write]`. `--gate` ends with 1 where one is over its budget.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { writeResults } from './results.js';

const { values } = parseArgs({
  options: { gate: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});

/** Kilobytes that each may have; a little more than it has, so that whoever adds to it knows. */
const BUDGETS = {
  core: 14.2,
  'node-http': 1.5,
  express: 3.8,
  fastify: 1.5,
  koa: 1.5,
  hono: 1.5,
  'fetch-handler': 4.5,
  ws: 2.2,
  client: 6.4,
  sqlcommenter: 3.4,
  sdk: 5.4,
};

const own = await Promise.all(Object.keys(BUDGETS).map(measure));

/** The size of all entries of a package together, alone and with the packages of ours that these need of themselves. */
async function measure(name) {
  const folder = new URL(`../${name}/`, import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  const others = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const foreign = others.filter((other) => !other.startsWith('@otel-middleware/'));
  const entries = Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry, index) => `export * as _${index} from '${entry.replace('.', manifest.name)}';`);
  const bundled = async (external) => {
    const { outputFiles } = await build({
      stdin: { contents: entries.join('\n'), resolveDir: fileURLToPath(folder) },
      bundle: true,
      format: 'esm',
      minify: true,
      platform: 'node',
      target: 'es2022',
      write: false,
      external: [...builtinModules, 'node:*', ...external.flatMap((other) => [other, `${other}/*`])],
    });
    return outputFiles[0].contents;
  };
  const kilobytes = (code) => gzipSync(code, { level: 9 }).length / 1000;
  const alone = await bundled(others);
  return {
    name,
    minified: alone.length / 1000,
    compressed: kilobytes(alone),
    whole: kilobytes(await bundled([...foreign, '@opentelemetry'])),
  };
}

const heading =
  'Kilobytes, minified by esbuild and compressed by gzip, all entries of a package together. "With ours" has in it what it needs of the other packages here; nobody else’s code is in any of them.';
const lines = [
  '| package | minified | compressed | budget | with ours, compressed |',
  '|---|---|---|---|---|',
];
for (const { name, minified, compressed, whole } of own) {
  const cells = [name, minified.toFixed(1), compressed.toFixed(2), BUDGETS[name], whole.toFixed(2)];
  lines.push(`| ${cells.join(' | ')} |`);
  if (!values.gate || compressed <= BUDGETS[name]) continue;
  console.log(`TOO MUCH  ${name}: ${compressed.toFixed(2)} kB, at most ${BUDGETS[name]}`);
  process.exitCode = 1;
}
console.log(`${heading}\n\n${lines.join('\n')}`);
if (values.write) writeResults('sizes', [heading, '', ...lines]);
