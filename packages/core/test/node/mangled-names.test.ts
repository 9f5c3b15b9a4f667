import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(packageFolder, 'dist/mangled-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bundles core's door for Node with mangled names, outside of Jest's realm, which Rolldown's binding does not take. */
const BUNDLER = `
  import { writeFileSync } from 'node:fs';
  import { rolldown } from 'rolldown';
  const bundle = await rolldown({ input: '../esm/node.js', cwd: import.meta.dirname, external: /^@opentelemetry/ });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  writeFileSync(new URL('node.mjs', import.meta.url), output[0].code);
`;

/** A server whose responses are bound by prototype, as Express's are; it prints when `emit` is wrapped. */
const PROGRAM = `
  import { createServer, get, ServerResponse } from 'node:http';
  import { bindPrototype, endOnClose } from './node.mjs';
  let ended = 0;
  const operation = { kind: 'owned', resume: (continuation) => continuation(), end: () => void ended++ };
  const prototype = Object.create(ServerResponse.prototype);
  bindPrototype(prototype, () => operation);
  const server = createServer((request, response) => {
    Object.setPrototypeOf(response, prototype);
    endOnClose(operation, request, response, response);
    const afterOurs = Object.hasOwn(response, 'emit');
    response.on('close', () => {
      console.log(JSON.stringify({ afterOurs, afterTheirs: Object.hasOwn(response, 'emit'), ended }));
      server.close();
    });
    response.end('x');
  }).listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    get({ host: '127.0.0.1', port, agent: false }, (response) => response.resume());
  });
`;

/** Runs a program in the folder; returns what it prints. */
function run(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 15_000 });
  expect(stderr).toBe('');
  return stdout;
}

test('our own listener is recognised in a bundle whose names are mangled (context:active)', () => {
  run('bundler.mjs', BUNDLER);
  expect(readFileSync(join(folder, 'node.mjs'), 'utf8')).not.toContain('endServerOperation');
  expect(JSON.parse(run('program.mjs', PROGRAM))).toEqual({ afterOurs: false, afterTheirs: true, ended: 1 });
});
