// Brings `VERSION` in every src/version.ts to the version in package.json; with --check it only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { publicPackages, root } from './workspace.mjs';

const check = process.argv.includes('--check');

for (const { folder, manifest } of publicPackages()) {
  const file = join(folder, 'src/version.ts');
  if (!existsSync(file)) continue;
  const source = readFileSync(file, 'utf8');
  const current = source.replace(/(?<=VERSION\b[^=]*= ')[^']*(?=')/, manifest.version);
  if (current === source) continue;
  if (check) {
    console.error(`${relative(root, file)} is not ${manifest.version}: run node scripts/write-versions.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, current);
  }
}
