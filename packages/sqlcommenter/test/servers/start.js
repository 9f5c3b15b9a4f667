import { startMariadb } from './mariadb.js';
import { startPostgresql } from './postgresql.js';

/** Starts the databases of the tests, and tells the tests by environment variables where they are. */
export default async function start() {
  const [postgresql, mariadb] = await Promise.all([startPostgresql(), startMariadb()]);
  Object.assign(process.env, postgresql.variables, mariadb.variables);
  console.log(`\nPostgreSQL: ${postgresql.what}\nMariaDB: ${mariadb.what}`);
  globalThis.stopDatabases = async () => {
    await postgresql.stop();
    await mariadb.stop();
  };
}
