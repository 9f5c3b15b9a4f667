// Compiles one package twice, without a bundler: ESM into dist/esm, CommonJS into dist/cjs.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

function compile(...options) {
  const base = ['-p', 'tsconfig.build.json', '--noEmit', 'false', '--rootDir', 'src'];
  return new Promise((resolve, reject) => {
    spawn(process.execPath, [tsc, ...base, ...options], { stdio: 'inherit' }).on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`tsc ended with exit code ${code}`)),
    );
  });
}

rmSync('dist', { recursive: true, force: true });
await Promise.all([
  compile('--outDir', 'dist/esm'),
  compile(
    ...['--outDir', 'dist/cjs', '--module', 'commonjs', '--moduleResolution', 'bundler'],
    ...['--verbatimModuleSyntax', 'false'],
  ),
]);
mkdirSync('dist/cjs', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
