import { matrix } from '@otel-middleware/conformance/jest';
import { isPostgresqlInstalled } from './test/servers/postgresql.js';

export default {
  ...matrix({ folder: import.meta.dirname, everywhere: ['query', 'frameworks'] }),
  // An embedded database has one session for all.
  ...(!isPostgresqlInstalled() && { maxWorkers: 1 }),
  globalSetup: './test/servers/start.js',
  globalTeardown: './test/servers/stop.js',
};
