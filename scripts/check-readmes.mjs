// Type-checks every ```ts and ```js block of every README.md against the built packages.
//
// A block stands alone, with its own imports. ```ts continued goes on where the block before it ended, and a block that
// begins with `// name.ts` can be imported by the others of its README as './name.js'.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { turbo } from './turbo.mjs';
import { root, workspacePackages } from './workspace.mjs';

const folder = mkdtempSync(join(tmpdir(), 'readmes-'));
const packages = workspacePackages();

/** All that any package has installed, and the packages themselves, as if one application used everything. */
function linkModules() {
  const link = (name, target) => {
    const path = join(folder, 'node_modules', name);
    if (existsSync(path) || !existsSync(target)) return;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  };
  for (const each of packages) link(each.manifest.name, each.folder);
  for (const { folder: from, manifest } of packages) {
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    for (const name of names) link(name, join(from, 'node_modules', name));
  }
}

/** Every block as a file in which it stands on the lines that it has in its README. */
function blocksOf(readme) {
  const text = readFileSync(readme, 'utf8');
  const blocks = [];
  const fences = /^```(?<language>[jt]s)\b(?<mark>.*)\n(?<code>[\s\S]*?)^```$/gm;
  for (const { index, groups } of text.matchAll(fences)) {
    const line = text.slice(0, index).split('\n').length;
    const pad = (from) => '\n'.repeat(line - from);
    const last = blocks.at(-1);
    if (groups.mark.trim() === 'continued' && last) {
      last.code += pad(last.code.split('\n').length - 1) + groups.code;
    } else {
      const title = /^\/\/ ([\w-]+\.[jt]s)\n/.exec(groups.code)?.[1];
      const name = title ?? `line-${line}.${groups.language}`;
      blocks.push({ name, code: pad(0) + groups.code });
    }
  }
  return blocks;
}

if (turbo(['build'], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) process.exit(1);
linkModules();
const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, noEmit: true, types: ['node'] };
const tsconfig = {
  compilerOptions: { ...compilerOptions, checkJs: true, skipLibCheck: true, moduleDetection: 'force' },
};
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');

const folders = [root, ...packages.map((each) => each.folder)];
const readmes = folders.map((where) => join(where, 'README.md')).filter((readme) => existsSync(readme));
const readmeOf = new Map();
for (const readme of readmes) {
  const directory = join(folder, relative(root, dirname(readme)));
  mkdirSync(directory, { recursive: true });
  for (const { name, code } of blocksOf(readme)) {
    writeFileSync(join(directory, name), code);
    readmeOf.set(relative(folder, join(directory, name)), relative(root, readme));
  }
}

if (readmeOf.size > 0) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], {
    cwd: folder,
    encoding: 'utf8',
  });
  process.stdout.write(stdout.replace(/^[^\s(]+\.[jt]s(?=\()/gm, (file) => readmeOf.get(file) ?? file));
  process.exitCode = status ?? 1;
}
rmSync(folder, { recursive: true });
if (!process.exitCode) console.log(`${readmeOf.size} blocks of README code agree with the packages`);
