import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a program that serves HTTP as a process of its own, and waits until it has printed the address that it listens
 * on, such as `http://127.0.0.1:8080`.
 *
 * @param {string[]} command - arguments of the executable, which is this Node unless another one is given.
 */
export async function startService(command, { env, cwd, executable = process.execPath }) {
  const child = spawn(executable, command, {
    cwd,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let printed = '';
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (address !== undefined) resolve(address);
    });
    exited.then(([code]) =>
      reject(new Error(`${command.join(' ')} ended with code ${code} before it listened:\n${printed}`)),
    );
  });
  return {
    url,
    /** What it has printed so far, the address included. */
    printed: () => printed,
    /** Ends the service as an operator would; telemetry is flushed before it goes. */
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
