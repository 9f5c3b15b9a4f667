import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { buildSync } from 'esbuild';

const require = createRequire(import.meta.url);
const programs = import.meta.dirname;

/** The fixture program, served by one of the runtimes as a process of its own. */
export interface RunningProgram {
  readonly url: string;
  stop(): Promise<void>;
}

/** The names of the runtimes. */
export type RuntimeName = 'node' | 'bun' | 'deno' | 'workerd';

/** Starts the fixture program on a runtime, with the environment given, and waits until it listens. */
export const start: Readonly<Record<RuntimeName, (env: Record<string, string>) => Promise<RunningProgram>>> =
  {
    node: (env) => run(process.execPath, ['node.js'], env),
    bun: (env) => run(join(require.resolve('bun/package.json'), '../bin/bun.exe'), ['run', 'bun.js'], env),
    deno: (env) => {
      const flags = [
        '--no-prompt',
        '--allow-net=127.0.0.1',
        '--allow-env',
        '--allow-read',
        '--allow-sys',
        '--node-modules-dir=manual',
      ];
      return run(require('deno/install_api.cjs').runInstall(), ['run', ...flags, 'deno.js'], env);
    },
    workerd: startWorker,
  };

function run(
  executable: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<RunningProgram> {
  const child = spawn(executable, args, {
    cwd: programs,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return listening(child, child.stdout, (line) => /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]);
}

/** Bundles the Worker as its tools do, and lets workerd serve it. */
async function startWorker({ OTLP_URL = '' }: Record<string, string>): Promise<RunningProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'));
  const builtins = builtinModules.filter((name) => !name.startsWith('_'));
  buildSync({
    entryPoints: [join(programs, 'worker.js')],
    outfile: join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
    alias: Object.fromEntries(builtins.map((name) => [name, `node:${name}`])),
    banner: {
      js: "import { builtinModules, createRequire } from 'node:module'; const require = createRequire('/');",
    },
    logLevel: 'error',
  });
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker), (name = "internet", network = (allow = ["private", "public"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ]
);
const worker :Workerd.Worker = (
  modules = [ (name = "worker", esModule = embed "worker.mjs") ],
  compatibilityDate = "2026-04-01",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [ (name = "OTLP_URL", text = "${OTLP_URL}") ]
);
`,
  );
  const args = ['serve', '--control-fd=3', join(folder, 'config.capnp')];
  const child = spawn(require('workerd').default, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const running = await listening(child, child.stdio[3] as Readable, (line) => {
    const { event, port } = JSON.parse(line);
    return event === 'listen' ? `http://127.0.0.1:${port}` : undefined;
  });
  rmSync(folder, { recursive: true });
  return running;
}

async function listening(
  child: ChildProcess,
  output: Readable,
  addressIn: (line: string) => string | undefined,
): Promise<RunningProgram> {
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(output).on('line', (line) => {
      const address = addressIn(line);
      if (address !== undefined) resolve(address);
    });
    void exited.then(([code]) =>
      reject(new Error(`${child.spawnfile} ended with code ${code} before it listened`)),
    );
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
