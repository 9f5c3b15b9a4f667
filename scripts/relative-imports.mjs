// Finds relative imports that leave their package. What a package uses of another it names in package.json: turbo would else
// replay results of tests whose sources have changed, and no check would see the arrow.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { importedNames } from './imports.mjs';
import { root, workspacePackages } from './workspace.mjs';

/** Files at the root that are no package's: the only ones to reach by path, by a configuration of Jest alone. */
const rootFiles = ['jest.base.js'];
const configurations = /^packages\/[\w-]+\/(?:jest\.config|jest)\.js$/;

/**
 * Files that import what they compute the name of. Those of conformance read the gaps of all packages as data, which turbo.json
 * has among the inputs of its tests; those of the benchmarks load the packages that they depend on by name.
 */
const computedImports = [
  'packages/benchmarks/applications.js',
  'packages/benchmarks/cold-start.js',
  'packages/benchmarks/contenders.js',
  'packages/benchmarks/steps.js',
  'packages/conformance/bin/table.mjs',
  'packages/conformance/test/gate/gate.test.ts',
];

function* modules(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !['node_modules', 'dist'].includes(entry.name)) yield* modules(path);
    if (entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name)) yield path;
  }
}

function* faultsOf(folder) {
  for (const file of modules(folder)) {
    const path = relative(root, file).split(sep).join('/');
    const allowed = configurations.test(path) ? rootFiles.map((name) => join(root, name)) : [];
    for (const imported of importedNames(file).filter((name) => name.startsWith('.'))) {
      const target = resolve(file, '..', imported);
      if (!target.startsWith(folder + sep) && !allowed.includes(target))
        yield `${path} imports ${imported}, which is another package's: name that in package.json, and import it by its name`;
    }
    const computes = /^(?!\s*(?:\*|\/[*/])).*\b(?:import|require)\((?!['"])[^)]/m.test(
      readFileSync(file, 'utf8'),
    );
    if (computes && !computedImports.includes(path))
      yield `${path} imports what it computes: import it by its name, or list the file in scripts/relative-imports.mjs`;
  }
}

/** Why imports of any package, published or not, leave it by a path. */
export function relativeImportFaults() {
  return workspacePackages().flatMap(({ folder }) => [...faultsOf(folder)]);
}
