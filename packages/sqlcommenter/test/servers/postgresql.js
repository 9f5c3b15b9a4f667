import { join } from 'node:path';
import pg from 'pg';
import {
  findProgram,
  freePort,
  mustHave,
  prepare,
  runServer,
  serverFolder,
  serverIdentity,
} from './server-process.js';

function isNamed() {
  return process.env.PGHOST !== undefined || process.env.PGPORT !== undefined;
}

function findServer() {
  const folders = [['/usr/lib/postgresql', 'bin']];
  const program = findProgram('postgres', folders);
  const initdb = findProgram('initdb', folders);
  // The server refuses to run as root.
  const identity = serverIdentity('postgres');
  return program && initdb && identity ? { program, initdb, identity } : undefined;
}

/** True if there is a server with a session for each connection. */
export function isPostgresqlInstalled() {
  return isNamed() || findServer() !== undefined;
}

/** The server that `PG*` variables name, else one of our own, else PostgreSQL embedded in Node behind a socket. */
export async function startPostgresql() {
  if (isNamed()) return { variables: {}, what: 'the server that PG* variables name', stop: async () => {} };
  const installed = findServer();
  if (installed !== undefined) return startServer(installed);
  mustHave('PostgreSQL is not installed', 'Install the Debian package postgresql.');
  return startEmbedded();
}

async function startServer({ program, initdb, identity }) {
  const folder = serverFolder('postgresql-', identity);
  const data = join(folder, 'data');
  prepare(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], identity);
  const port = await freePort();
  const log = join(folder, 'log');
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    port,
    fsync: 'off',
    log_statement: 'all',
    track_activity_query_size: 65_536,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const variables = variablesOf(port);
  const stop = await runServer(program, ['-D', data, ...args], {
    folder,
    identity,
    log,
    // Without waiting for clients.
    signal: 'SIGINT',
    ready: async () => {
      const client = new pg.Client({ host: variables.PGHOST, port, user: 'postgres', database: 'postgres' });
      await client.connect();
      await client.end();
    },
  });
  return { variables: { ...variables, POSTGRESQL_LOG: log }, what: program, stop };
}

async function startEmbedded() {
  const { PGlite } = await import('@electric-sql/pglite');
  const { PGLiteSocketServer } = await import('@electric-sql/pglite-socket');
  const db = await PGlite.create();
  const port = await freePort();
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port, maxConnections: 100 });
  await server.start();
  const stop = async () => {
    await server.stop();
    await db.close();
  };
  const what =
    'PGlite, since no server is installed (Debian package postgresql); skipped are tests of the log, which it has not, of ' +
    'named statements, which its connections share, and of COPY, which ends it';
  return { variables: { ...variablesOf(port), POSTGRESQL_EMBEDDED: 'yes' }, what, stop };
}

function variablesOf(port) {
  return { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: 'postgres' };
}
