import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';

const require = createRequire(import.meta.url);
const execute = promisify(execFile);

/** The runtimes, each with how it runs a bundle; what that prints or answers is returned. */
export const runtimes: Readonly<Record<string, (bundle: string, folder: string) => Promise<string>>> = {
  node: (bundle) => printed(process.execPath, [bundle]),
  bun: (bundle) => printed(join(require.resolve('bun/package.json'), '../bin/bun.exe'), ['run', bundle]),
  deno: (bundle) =>
    printed(require('deno/install_api.cjs').runInstall(), [
      'run',
      '--no-prompt',
      '--allow-net=127.0.0.1',
      bundle,
    ]),
  workerd: answered,
};

/**
 * Runs the program on a runtime, in one bundle that holds nothing of Node.
 *
 * @throws Error when anything in it imports a module of Node's.
 */
export async function runOn(runtime: string, origin: string, closed: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'client-'));
  const outfile = join(folder, 'program.mjs');
  const entry = runtime === 'workerd' ? 'worker.js' : 'process.js';
  buildSync({
    entryPoints: [join(import.meta.dirname, entry)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    define: { ORIGIN: JSON.stringify(origin), CLOSED: JSON.stringify(closed) },
    logLevel: 'error',
  });
  try {
    return JSON.parse((await runtimes[runtime]?.(outfile, folder)) ?? '');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function printed(executable: string, args: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1' };
  const { stdout } = await execute(executable, args, { env });
  return stdout;
}

/** Lets workerd serve the bundle, without its compatibility with Node, and asks it once. */
async function answered(_: string, folder: string): Promise<string> {
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker), (name = "internet", network = (allow = ["private", "public"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ]
);
const worker :Workerd.Worker = (
  modules = [ (name = "worker", esModule = embed "program.mjs") ],
  compatibilityDate = "2026-04-01"
);
`,
  );
  const args = ['serve', '--control-fd=3', join(folder, 'config.capnp')];
  const child = spawn(require('workerd').default, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const exited = once(child, 'exit');
  try {
    const [line] = await once(child.stdio[3] as Readable, 'data');
    const response = await fetch(`http://127.0.0.1:${JSON.parse(String(line)).port}`);
    return await response.text();
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}
