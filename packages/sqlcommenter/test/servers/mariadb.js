import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { findProgram, freePort, mustHave, prepare, runServer, serverFolder } from './server-process.js';

/** A MariaDB server of our own, where it is installed. */
export async function startMariadb() {
  const program = findProgram('mariadbd', [['/usr/sbin']]);
  const install = findProgram('mariadb-install-db');
  if (program !== undefined && install !== undefined) return startServer(program, install);
  mustHave('MariaDB is not installed', 'Install the Debian package mariadb-server-core.');
  const what = 'skipped, since no server is installed (Debian package mariadb-server-core)';
  return { variables: {}, what, stop: async () => {} };
}

async function startServer(program, install) {
  // The package has no user of its own; unlike PostgreSQL, this server runs as root when it is told to.
  const folder = serverFolder('mariadb-');
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const data = join(folder, 'data');
  prepare(install, [
    '--no-defaults',
    ...user,
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ]);
  const port = await freePort();
  const log = join(folder, 'general.log');
  const args = [
    '--no-defaults',
    ...user,
    `--datadir=${data}`,
    `--socket=${join(folder, 'socket')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--general-log',
    `--general-log-file=${log}`,
  ];
  const options = { host: '127.0.0.1', port, user: 'root' };
  const stop = await runServer(program, args, {
    folder,
    identity: {},
    log: join(folder, 'log'),
    signal: 'SIGTERM',
    ready: async () => {
      const connection = await mysql.createConnection(options);
      await connection.query('CREATE DATABASE IF NOT EXISTS test');
      await connection.end();
    },
  });
  return { variables: { MARIADB_PORT: String(port), MARIADB_LOG: log }, what: program, stop };
}
