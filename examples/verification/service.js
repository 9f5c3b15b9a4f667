import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

const running = new Set();

// Whatever ends this process leaves none of its services behind; nobody is there any more for what they would flush.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // A signal that nobody else listens for would end this process without its `exit`.
    if (process.listenerCount(signal) === 0) process.exit(128 + constants.signals[signal]);
  });
}

/**
 * Starts a program that serves HTTP as a process of its own, and waits until it has printed the address that it listens
 * on, such as `http://127.0.0.1:8080`. The service never outlives this process.
 *
 * @param {string[]} command - arguments of the executable, which is this Node unless another one is given.
 */
export async function startService(command, { env, cwd, executable = process.execPath }) {
  const child = spawn(executable, command, {
    cwd,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').finally(() => running.delete(child));
  running.add(child);
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
    /** The text that it has printed so far, the address included. */
    printed: () => printed,
    /** Ends the service as an operator would; telemetry is flushed before it goes. */
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
