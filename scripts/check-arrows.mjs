// Fails when an import runs against the arrows between the packages, or between the rooms of core.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { importedNames } from './imports.mjs';
import { publicPackages, root } from './workspace.mjs';

const scope = '@otel-middleware/';

/** What the sources of each published package may import from the others, with whatever lies below that name. */
const arrows = {
  core: [],
  'node-http': ['core'],
  'fetch-handler': ['core'],
  express: ['core', 'node-http'],
  fastify: ['core', 'node-http'],
  koa: ['core', 'node-http'],
  hono: ['core', 'fetch-handler'],
  client: ['core/semantics'],
  ws: ['core', 'node-http'],
  sqlcommenter: ['core'],
  sdk: ['core/semantics'],
};

/** These run where there is no Node, so even its types stay out of their sight. */
const nodeFreePackages = ['core', 'fetch-handler', 'hono', 'client'];
const nodeFreeFiles = /^packages\/(?:core|fetch-handler|hono|client)\/src\//;

/** The rooms of core from the entrance down: each imports only from those after it. */
const rooms = [
  'index',
  'semantics',
  'node',
  'instrumentation',
  'upstream',
  'server-span',
  'configuration',
  'operation',
  'options',
  'header-options',
  'option-checks',
  'request-attributes',
  'request-target',
  'method',
  'headers',
  'outcome',
  'metrics',
  'tracer',
  'excluded-urls',
  'suppression',
  'patterns',
  'public-endpoint',
  'request-scope',
  'request-context',
  'response-propagators',
  'node-bodies',
  'body-messages',
  'event-stream',
  'node-response',
  'node-request',
  'node-event-context',
  'server-operation',
  'messages',
  'settled-span',
  'exceptions',
  'node-handshake',
  'node-messages',
  'host',
  'hooks',
  'getter',
  'environment',
  'version',
  'meter',
  'clock',
  'semconv',
];

function* sourceFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name.endsWith('.ts')) yield join(entry.parentPath ?? entry.path, entry.name);
  }
}

function* packageFaults({ folder, manifest }) {
  const name = manifest.name.slice(scope.length);
  const allowed = arrows[name]?.map((target) => scope + target);
  if (!allowed)
    return yield `${manifest.name} has no arrows: add it to the table in scripts/check-arrows.mjs`;
  const src = join(folder, 'src');
  for (const file of sourceFiles(src)) {
    const path = relative(root, file);
    for (const imported of importedNames(file)) {
      const ours =
        imported.startsWith(scope) && !allowed.some((target) => `${imported}/`.startsWith(`${target}/`));
      const outside = imported.startsWith('.') && !resolve(file, '..', imported).startsWith(src);
      if (ours || outside)
        yield `${path} imports ${imported}; of ours it may import: ${allowed.join(', ') || 'nothing'}`;
      if (nodeFreeFiles.test(path) && isBuiltin(imported))
        yield `${path} imports ${imported}, but must run without Node`;
    }
  }
  if (nodeFreePackages.includes(name)) {
    const { types } = JSON.parse(readFileSync(join(folder, 'tsconfig.build.json'), 'utf8')).compilerOptions;
    if (types?.length !== 0) yield `packages/${name}/tsconfig.build.json must say "types": []`;
  }
}

function* roomFaults() {
  for (const file of sourceFiles(join(root, 'packages/core/src'))) {
    const room = basename(file, '.ts');
    if (!rooms.includes(room)) {
      yield `packages/core/src/${room}.ts is no room of core: give it its place in scripts/check-arrows.mjs`;
      continue;
    }
    for (const imported of importedNames(file).filter((name) => name.startsWith('./'))) {
      const below = basename(imported, '.js');
      if (rooms.indexOf(below) <= rooms.indexOf(room))
        yield `packages/core/src/${room}.ts imports upwards: ${below}`;
    }
  }
}

const faults = [...publicPackages().flatMap((one) => [...packageFaults(one)]), ...roomFaults()];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
