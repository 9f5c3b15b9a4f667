import { relative } from 'node:path';
import { root, workspacePackages } from './scripts/workspace.mjs';

/** The sources of what a package publishes, where knip would only see the built files. */
const publishedSources = ({ exports = {}, bin = {} }) =>
  (JSON.stringify([exports, bin]).match(/(?<=dist\/esm\/)[^"]+(?=\.js)/g) ?? []).map(
    (name) => `src/${name}.ts!`,
  );

/** Versions of a framework or SDK side by side, `express-4.18`, which Jest puts under the one name that sources import. */
const versionAliases = /-\d+(?:\.\d+)*$/;

/** What tests start as programs of their own load these, from text that knip does not read, and what Jest starts first. */
const loadedByPrograms =
  /^@opentelemetry\/(?:sdk|exporter|instrumentation)-|^(?:bun|deno|workerd|esbuild|rolldown)$|^@electric-sql\//;

/** `!` marks what belongs to the product: `knip --production` sees nothing else, so an export for tests alone is unused. */
const packages = workspacePackages().map(({ folder, manifest }) => {
  const path = relative(root, folder);
  if (path.startsWith('examples')) {
    // Examples load the SDK by `node --import`.
    return [path, { entry: ['**/*.{ts,js}!'], ignoreDependencies: ['@otel-middleware/sdk'] }];
  }
  // Programs that start each other, and require what their arguments name.
  if (path === 'packages/benchmarks') {
    const ignoreDependencies = [/^@otel-middleware\//, /^express/, versionAliases];
    return [path, { entry: ['*.js!'], ignoreBinaries: ['taskset'], ignoreDependencies }];
  }
  // All of it serves tests, here and in other packages.
  if (path === 'packages/conformance') {
    return [
      path,
      {
        entry: ['src/*.ts!', 'bin/*.mjs!', 'test/**/*.test.ts!', '*.js!'],
        jest: false,
        ignoreDependencies: ['jest', '@swc/core', '@swc/jest', versionAliases],
      },
    ];
  }
  const workspace = {
    entry: [...publishedSources(manifest), 'jest.config.js', 'test/**/*.test.ts'],
    project: ['src/**/*.ts!', 'test/**/*.ts', '*.js'],
    // What Jest is configured with is a path of another package, which knip would ask each package to declare.
    jest: false,
    ignoreDependencies: ['jest', '@swc/core', '@swc/jest', versionAliases, loadedByPrograms],
    ignoreBinaries: ['openssl'],
  };
  return [path, workspace];
});

export default {
  // The catalog says which version a dependency has wherever it is used, also where that is not yet or no longer.
  exclude: ['catalog'],
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    '.': {
      entry: ['scripts/*.mjs'],
      project: ['scripts/*.mjs', '*.js'],
      // Started by name in scripts, never imported.
      ignoreDependencies: ['@arethetypeswrong/cli', 'turbo'],
    },
    ...Object.fromEntries(packages),
  },
};
