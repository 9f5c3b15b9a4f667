import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Finds a program on the path, or where Debian keeps those that are not. */
export function findProgram(name, folders = []) {
  const places = [...(process.env.PATH ?? '').split(delimiter), ...folders.flatMap(expanded)];
  return places.map((folder) => join(folder, name)).find(existsSync);
}

function expanded([parent, child]) {
  if (!existsSync(parent)) return [];
  return child === undefined ? [parent] : readdirSync(parent).map((version) => join(parent, version, child));
}

/** The user that a server runs as: ourselves, or one of its own where we are root; `undefined` where there is no such user. */
export function serverIdentity(user) {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, user], { encoding: 'utf8' }));
  return uid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : undefined;
}

/** A folder that a server may write to. */
export function serverFolder(prefix, { uid, gid } = {}) {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  if (uid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** A port that is free now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a program that prepares a server, and throws with what it says when it fails. */
export function prepare(program, args, identity) {
  const { status, stdout, stderr } = spawnSync(program, args, { ...identity, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${stdout}${stderr}`);
}

/** Runs a server until a signal stops it; what it says goes to a file. It is ready when `ready` does not throw any more. */
export async function runServer(program, args, { folder, identity, log, signal, ready }) {
  const output = openSync(log, 'a');
  const server = spawn(program, args, { ...identity, cwd: folder, stdio: ['ignore', output, output] });
  // Where Jest itself fails, nobody stops it.
  process.once('exit', () => server.kill(signal));
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill(signal);
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await ready();
      return stop;
    } catch (error) {
      if (server.exitCode === null && performance.now() < deadline) await sleep(50);
      else throw new Error(`${program} does not answer: ${readFileSync(log, 'utf8')}`, { cause: error });
    }
  }
}

/** Throws where every database must be there, as in CI. */
export function mustHave(what, cure) {
  if (process.env.REQUIRE_DATABASES) throw new Error(`${what}. ${cure}`);
}
