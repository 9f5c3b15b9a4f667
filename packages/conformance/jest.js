// The matrix: every package that runs the suite runs it with each SDK line and each version of its framework.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import base from '../../jest.base.js';

const resolve = createRequire(import.meta.url).resolve;
const { maxWorkers, reporters, testTimeout, ...perProject } = base;

/**
 * What each SDK line loads under the names that sources import. Every importer is given one and the same
 * copy.
 */
const sdkLines = {
  2: {
    '@opentelemetry/api': '@opentelemetry/api',
    '@opentelemetry/context-async-hooks': '@opentelemetry/context-async-hooks',
    '@opentelemetry/core': '@opentelemetry/core',
    '@opentelemetry/instrumentation-http': '@opentelemetry/instrumentation-http',
    '@opentelemetry/sdk-metrics': '@opentelemetry/sdk-metrics',
    '@opentelemetry/sdk-trace-node': '@opentelemetry/sdk-trace-node',
  },
  3: {
    '@opentelemetry/api': 'opentelemetry-api-1.10',
    '@opentelemetry/context-async-hooks': 'opentelemetry-context-async-hooks-3',
    '@opentelemetry/core': 'opentelemetry-core-3',
    '@opentelemetry/instrumentation-http': 'opentelemetry-instrumentation-http-0.301',
    '@opentelemetry/sdk-metrics': 'opentelemetry-sdk-metrics-3',
    '@opentelemetry/sdk-trace-node': 'opentelemetry-sdk-trace-3',
  },
};

/** The package of this repository that sets an SDK up, which line 2 alone can be. */
const OWN_SDK = '@otel-middleware/sdk';

/**
 * The Jest configuration of a package that runs the suite.
 *
 * @param options.folder - the package's folder, `import.meta.dirname`.
 * @param options.frameworks - by version, the modules that stand in for others: `{ '4.18': { express:
 *   'express-4.18' } }`; `5` is the newest release of line 5. All tests run with the newest version. By default
 *   there is no framework.
 * @param options.everywhere - names of test files, without `.test.ts`, that run in every cell; others run in
 *   the first.
 */
export function matrix({ folder, frameworks = { '': {} }, everywhere = ['conformance'] }) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const versions = Object.keys(frameworks).sort(newestFirst);
  const cells = versions.flatMap((framework) =>
    Object.keys(sdkLines).map((sdkLine) => ({
      framework,
      aliases: frameworks[framework],
      sdkLine: Number(sdkLine),
    })),
  );
  const projects = cells.map((cell, index) =>
    project({ ...cell, first: index === 0 }, manifest, folder, everywhere),
  );
  return { maxWorkers, reporters, testTimeout, projects };
}

function project({ framework, aliases, sdkLine, first }, manifest, folder, everywhere) {
  const { name, version } = manifest;
  const tests = first ? ['*'] : everywhere;
  const title = name.split('/').at(-1) + (framework === '' ? '' : `-${framework}`);
  const sdk = Object.entries(sdkLines[sdkLine]).map(([from, to]) => [`^${from}$`, resolve(to)]);
  const local = createRequire(join(folder, 'package.json')).resolve;
  const modules = Object.entries(aliases).map(([from, to]) => [`^${from}$`, local(to)]);
  if (sdkLine === 3 && OWN_SDK in (manifest.devDependencies ?? {}))
    modules.push([`^${OWN_SDK}$`, ownPropagator(local)]);
  return {
    ...perProject,
    rootDir: folder,
    displayName: `${title} · sdk ${sdkLine}`,
    testMatch: tests.map((test) => `<rootDir>/test/**/${test}.test.ts`),
    moduleNameMapper: { ...perProject.moduleNameMapper, ...Object.fromEntries([...sdk, ...modules]) },
    globals: {
      matrix: {
        packageName: name,
        packageVersion: version,
        sdkLine,
        apiVersion: versionOf(sdkLines[sdkLine]['@opentelemetry/api']),
        first,
        framework: framework || undefined,
      },
    },
  };
}

/**
 * The module that stands in for our SDK on line 3: of all that the package exports, its propagator alone
 * needs no SDK, and must pass the suite on every line.
 */
function ownPropagator(local) {
  return join(dirname(local(`${OWN_SDK}/package.json`)), 'dist/cjs/trace-context.js');
}

/**
 * Orders versions from the newest down; JavaScript itself puts keys such as `5` before keys such as `5.2`.
 */
function newestFirst(a, b) {
  const [majorA, minorA = Number.POSITIVE_INFINITY] = a.split('.').map(Number);
  const [majorB, minorB = Number.POSITIVE_INFINITY] = b.split('.').map(Number);
  return majorB - majorA || minorB - minorA;
}

/** The version that is installed under an alias; not every package lets its manifest be resolved. */
function versionOf(alias) {
  const folders = [dirname(resolve(alias))];
  while (!folders[0].endsWith('node_modules')) folders.unshift(dirname(folders[0]));
  const manifests = folders.map((folder) => join(folder, 'package.json')).filter(existsSync);
  const versions = manifests.map((manifest) => JSON.parse(readFileSync(manifest, 'utf8')).version);
  return versions.find((version) => version !== undefined);
}
