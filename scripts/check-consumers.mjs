// Installs the packed packages with npm into an empty folder and uses each as its users do: scripts/consumers/NAME.ts is
// compiled by two versions of TypeScript, then run as an ES module, as CommonJS and in Jest's CommonJS mode.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { importedNames } from './imports.mjs';
import { packPublicPackages, run } from './pack.mjs';
import { root } from './workspace.mjs';

const programs = join(root, 'scripts/consumers');
const folder = mkdtempSync(join(tmpdir(), 'consumers-'));
const packed = await packPublicPackages(folder);
const names = packed.map(({ name }) => basename(name));
const missing = names.filter((name) => !existsSync(join(programs, `${name}.ts`)));
if (missing.length > 0)
  throw new Error(`Write scripts/consumers/{${missing}}.ts: every published package has one.`);

const write = (path, value) => writeFileSync(join(folder, path), JSON.stringify(value));
const node = (...args) => run(process.execPath, args, { cwd: folder });

/** The dependencies that the programs import, in the versions that the workspace tests against. */
function dependencies() {
  const tested = Object.assign({}, ...packed.map(({ manifest }) => manifest.devDependencies));
  const imported = readdirSync(programs).flatMap((file) => importedNames(join(programs, file)));
  const types = ['node', ...imported].map((name) => `@types/${name.replace(/^@/, '').replace('/', '__')}`);
  const wanted = [...imported, ...types, 'jest', 'typescript'].filter((name) => name in tested);
  return {
    ...Object.fromEntries(wanted.map((name) => [name, tested[name]])),
    ...Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`])),
    // The workspace compiles with those of the oldest Node; newer ones overload more.
    '@types/node': '26',
    'typescript-5': 'npm:typescript@5.9.3',
  };
}

async function install() {
  write('package.json', { private: true, dependencies: dependencies() });
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder });
}

const compilations = [
  ['typescript-5', { module: 'node16' }],
  ['typescript-5', { module: 'esnext', moduleResolution: 'bundler' }],
  ['typescript', { module: 'esnext', moduleResolution: 'bundler' }],
  ['typescript', { module: 'nodenext' }],
  ['typescript', { module: 'node16' }],
];

/** Every program must compile in every way; what the last one emits is run. */
async function compile(format, type) {
  for (const file of ['telemetry', ...names]) {
    cpSync(join(programs, `${file}.ts`), join(folder, format, `${file}.ts`));
  }
  write(`${format}/package.json`, { type });
  for (const [compiler, settings] of compilations) {
    const compilerOptions = { target: 'es2022', strict: true, types: ['node'], outDir: 'dist', ...settings };
    write(`${format}/tsconfig.json`, { compilerOptions });
    await accepted(`node_modules/${compiler}/bin/tsc`, '-p', format);
  }
}

/** Runs a compiler, to which declarations of others may be wrong: what counts is the programs and our declarations. */
async function accepted(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(
    (error) => error,
  );
  if (!/^(?:esm|cjs|node_modules\/@otel-middleware)\//m.test(stdout)) return;
  console.error(`${args.join(' ')}\n${stdout}`);
  process.exit(1);
}

/** Each in a process of its own, as each brings its own SDK. */
async function runInNode() {
  for (const name of names) {
    await node('-e', `import('./esm/dist/${name}.js').then(({ consume }) => consume())`);
    await node('-e', `require('./cjs/dist/${name}.js').consume()`);
  }
}

/** `import` and `require` in one program reach one copy of each package. */
async function compareInstances() {
  const importable = packed.filter(({ manifest }) => manifest.exports?.['.']).map(({ name }) => name);
  await node(
    '--input-type=module',
    '-e',
    `import { strictEqual } from 'node:assert';
     import { createRequire } from 'node:module';
     const require = createRequire(import.meta.url);
     for (const name of ${JSON.stringify(importable)}) {
       const required = require(name);
       for (const [key, value] of Object.entries(await import(name))) {
         strictEqual(value, required[key], name + ' has two copies of ' + key);
       }
     }`,
  );
}

/** Jest in CommonJS mode cannot `require` an ES module: it must find the CommonJS build. */
async function runInJest() {
  for (const { name, manifest } of packed) {
    const program = basename(name);
    const build = `test('build', () => expect(require.resolve('${name}')).toContain('dist/cjs'));`;
    const works = `test('works', () => require('./${program}.js').consume());`;
    const tests = manifest.exports?.['.'] ? build + works : works;
    writeFileSync(join(folder, `cjs/dist/${program}.test.js`), tests);
  }
  write('jest.config.json', { rootDir: 'cjs/dist', testEnvironment: 'node', transform: {} });
  await node('node_modules/jest/bin/jest.js', '--config', 'jest.config.json');
}

await install();
await Promise.all([compile('esm', 'module'), compile('cjs', 'commonjs')]);
await runInNode();
await compareInstances();
await runInJest();
rmSync(folder, { recursive: true });
console.log(`${names.join(', ')}: installed from tarballs, compiled, and run in Node and Jest`);
