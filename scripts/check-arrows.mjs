// Fails when an import runs against the arrows between the packages, or between the folders of core.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join, relative, resolve, sep } from 'node:path';
import { importedNames } from './imports.mjs';
import { publicPackages, root } from './workspace.mjs';

const scope = '@otel-middleware/';

/** The entries of the other packages that the sources of each published package may import. */
const arrows = {
  core: [],
  'node-http': ['core', 'core/node', 'core/internal'],
  'fetch-handler': ['core', 'core/node', 'core/internal'],
  express: ['core', 'node-http'],
  fastify: ['core', 'node-http'],
  koa: ['core', 'node-http'],
  hono: ['core', 'fetch-handler'],
  client: ['core/internal'],
  ws: ['core', 'core/internal', 'node-http'],
  sqlcommenter: ['core', 'core/internal'],
  sdk: ['core/internal'],
};

/** These run where there is no Node, so even its types stay out of their sight. */
const nodeFreePackages = ['core', 'fetch-handler', 'hono', 'client'];
const nodeFreeFiles = /^packages\/(?:core|fetch-handler|hono|client)\/src\//;

/**
 * The folders of core, and the files beside them: what each may import besides itself.
 *
 * The walls: `http` knows no options, `internal` never reaches the server's operation, which clients and SDKs must not load,
 * and only the door `node` leads to `node`.
 */
const coreArrows = {
  version: [],
  otel: [],
  http: ['otel'],
  messages: ['otel'],
  options: ['http', 'otel'],
  server: ['options', 'messages', 'http', 'otel', 'version'],
  node: ['server', 'messages', 'http'],
  index: ['server', 'options', 'messages', 'http'],
  internal: ['options', 'http', 'otel'],
};

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
      const ours = imported.startsWith(scope) && !allowed.includes(imported);
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

/** The folder of core that a file belongs to. A file beside the folders goes by its own name: `node.ts` is the door of `node/`. */
function roomOf(file) {
  const [first] = relative(join(root, 'packages/core/src'), file).split(sep);
  return basename(first, '.ts');
}

function* coreFaults() {
  for (const file of sourceFiles(join(root, 'packages/core/src'))) {
    const room = roomOf(file);
    const allowed = coreArrows[room];
    const path = relative(root, file);
    if (!allowed) {
      yield `${path}: ${room} is no folder of core: add it to the table in scripts/check-arrows.mjs`;
      continue;
    }
    for (const imported of importedNames(file).filter((name) => name.startsWith('.'))) {
      const target = roomOf(resolve(file, '..', imported.replace(/\.js$/, '.ts')));
      if (target !== room && !allowed.includes(target))
        yield `${path} imports ${imported}; besides its own folder it may import: ${allowed.join(', ')}`;
    }
  }
}

const faults = [...publicPackages().flatMap((one) => [...packageFaults(one)]), ...coreFaults()];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
