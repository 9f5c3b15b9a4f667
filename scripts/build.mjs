// Compiles one package: ESM into dist/esm, CommonJS into dist/cjs, declarations beside both.
//
// ESM is bundled, without dependencies: a service waits at its start until Node has found and linked every file. CommonJS, which few still load, stays one file per module.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

function compile(...options) {
  const base = ['-p', 'tsconfig.build.json', '--noEmit', 'false', '--rootDir', 'src'];
  return new Promise((resolve, reject) => {
    spawn(process.execPath, [tsc, ...base, ...options], { stdio: 'inherit' }).on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`tsc ended with exit code ${code}`)),
    );
  });
}

/** One file for each entry of the package, and one for what several of them share: a module is never there twice. */
async function bundle() {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  const entries = Object.values(exports).filter((entry) => typeof entry === 'object');
  const files = entries.map(({ import: { default: file } }) =>
    file.replace('dist/esm', 'src').replace(/\.js$/, '.ts'),
  );
  await build({
    input: files,
    external: /^[^./]/,
    platform: 'neutral',
    tsconfig: 'tsconfig.build.json',
    // It has nothing to say unless something is wrong.
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
    output: {
      dir: 'dist/esm',
      format: 'esm',
      sourcemap: true,
      sourcemapExcludeSources: true,
      chunkFileNames: 'shared-[hash].js',
    },
  });
}

rmSync('dist', { recursive: true, force: true });
await Promise.all([
  bundle(),
  compile('--outDir', 'dist/esm', '--emitDeclarationOnly'),
  compile(
    ...['--outDir', 'dist/cjs', '--module', 'commonjs', '--moduleResolution', 'bundler'],
    ...['--verbatimModuleSyntax', 'false'],
  ),
]);
mkdirSync('dist/cjs', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
