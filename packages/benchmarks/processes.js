// The processes of a benchmark, each on a core, and what they tell over their IPC channel.
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a file of this folder on a core, with options for Node; it ends when it is disconnected. */
export function start(file, args, core, options = []) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', ...options, path, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  try {
    execFileSync('taskset', ['-acp', String(core), String(child.pid)], { stdio: 'ignore' });
  } catch {
    console.log('taskset is not there or refused; the processes are not pinned.');
  }
  return child;
}

/** Asks a server one of its questions. */
export function ask(server, question) {
  server.send(question);
  return message(server);
}

/** Has a generator shoot, `{ port, seconds, path, headers }`; returns the number of requests, of which none may fail. */
export async function load(generator, shot) {
  generator.send(shot);
  const { requests, non2xx, errors } = await message(generator);
  if (non2xx + errors > 0)
    throw new Error(`${non2xx + errors} requests failed; a figure over failures means nothing.`);
  return requests;
}

/** Has a generator shoot until a server answers: Hono makes the router of ten thousand routes for longer than a shot takes. */
export async function warmUp(generator, shot) {
  while ((await load(generator, shot)) === 0);
}

/** Waits for the next message. */
export function message(child) {
  return new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`A benchmark process ended with code ${code}.`));
    child.once('exit', onExit);
    child.once('message', (received) => {
      child.off('exit', onExit);
      resolve(received);
    });
  });
}
