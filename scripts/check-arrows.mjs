// Fails when an import runs against the arrows between the packages, or between the folders of one, or leaves its package by a
// path.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join, relative, resolve, sep } from 'node:path';
import { importedNames } from './imports.mjs';
import { relativeImportFaults } from './relative-imports.mjs';
import { root, workspacePackages } from './workspace.mjs';

const scope = '@otel-middleware/';

/** The entries of the other packages that the sources of each package may import. */
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
  testbed: [],
  conformance: ['core', 'testbed/variables'],
  template: ['core', 'node-http'],
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

/** The folders of conformance, likewise: fixture, driver and expectations know no test, and the suite no gate. */
const conformanceArrows = {
  matrix: [],
  fixture: [],
  requirements: [],
  expect: ['fixture', 'matrix'],
  driver: ['expect', 'fixture', 'requirements'],
  suite: ['driver', 'expect', 'fixture', 'requirements', 'matrix'],
  gate: ['suite', 'driver', 'requirements'],
  index: ['suite', 'driver', 'expect', 'fixture', 'requirements', 'matrix'],
};

function* sourceFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name.endsWith('.ts')) yield join(entry.parentPath ?? entry.path, entry.name);
  }
}

function* packageFaults({ folder, manifest }) {
  const name = basename(folder);
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

/** The folder of `src` that a file belongs to. A file beside the folders goes by its own name: `node.ts` is the door of `node/`. */
function roomOf(src, file) {
  const [first] = relative(src, file).split(sep);
  return basename(first, '.ts');
}

function* folderFaults(name, arrows) {
  const src = join(root, 'packages', name, 'src');
  for (const file of sourceFiles(src)) {
    const room = roomOf(src, file);
    const allowed = arrows[room];
    const path = relative(root, file);
    if (!allowed) {
      yield `${path}: ${room} is no folder of ${name}: add it to the table in scripts/check-arrows.mjs`;
      continue;
    }
    for (const imported of importedNames(file).filter((name) => name.startsWith('.'))) {
      const target = roomOf(src, resolve(file, '..', imported.replace(/\.js$/, '.ts')));
      if (target !== room && !allowed.includes(target))
        yield `${path} imports ${imported}; besides its own folder it may import: ${allowed.join(', ') || 'nothing'}`;
    }
  }
}

/** Packages with sources; the others are programs, which may use whatever they depend on. */
const packages = workspacePackages().filter(
  ({ folder }) => existsSync(join(folder, 'src')) && !folder.includes(`${sep}examples${sep}`),
);

const faults = [
  ...packages.flatMap((one) => [...packageFaults(one)]),
  ...folderFaults('core', coreArrows),
  ...folderFaults('conformance', conformanceArrows),
  ...relativeImportFaults(),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
