// Serves the Worker with workerd, the runtime of Cloudflare, in place of `wrangler dev`, which does the same and more.
import { spawn } from 'node:child_process';
import { builtinModules, createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);

await build({
  entryPoints: ['worker.js'],
  outfile: 'dist/worker.mjs',
  absWorkingDir: import.meta.dirname,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker'],
  external: ['node:*'],
  alias: Object.fromEntries(
    builtinModules.filter((name) => !name.startsWith('_')).map((name) => [name, `node:${name}`]),
  ),
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
  logLevel: 'error',
});

const child = spawn(require('workerd').default, ['serve', '--control-fd=3', 'workerd.capnp'], {
  cwd: import.meta.dirname,
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
});
createInterface(child.stdio[3]).on('line', (line) => {
  const { event, port } = JSON.parse(line);
  if (event === 'listen') console.log(`http://127.0.0.1:${port}/orders/42`);
});
// Exports under way are given their time, as waitUntil gives it on the platform.
process.on('SIGTERM', () => setTimeout(() => child.kill(), 500));
child.on('exit', (code) => process.exit(code ?? 0));
