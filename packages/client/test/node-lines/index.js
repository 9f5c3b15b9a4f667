import { createRequire } from 'node:module';
import { join } from 'node:path';

const { resolve } = createRequire(import.meta.url);

/** The executable of a line of Node; `undefined` where it could not be installed, as on other systems than Linux. */
export function executableOf(line) {
  try {
    return join(resolve(`node-${line}/package.json`), '../bin/node');
  } catch {
    return undefined;
  }
}
