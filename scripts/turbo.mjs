// Runs turbo without telemetry and with the Node version in its cache key, which it leaves out by itself.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { root } from './workspace.mjs';

const bin = createRequire(import.meta.url).resolve('turbo/bin/turbo');

/** Runs `turbo run` with `args` and returns what `spawnSync` returns. */
export function turbo(args, options) {
  return spawnSync(process.execPath, [bin, 'run', ...args], {
    cwd: root,
    stdio: 'inherit',
    encoding: 'utf8',
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
      NODE_LINE: process.versions.node,
    },
    ...options,
  });
}

if (process.argv[1] === import.meta.filename) process.exitCode = turbo(process.argv.slice(2)).status ?? 1;
