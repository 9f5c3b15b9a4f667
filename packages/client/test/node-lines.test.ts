import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { executableOf } from 'node-lines';

const folder = join(import.meta.dirname, '..');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const jest = 'node_modules/jest/bin/jest.js';

/** The tests for what differs between versions of Node: what it publishes, and the undici that it brings. */
const files = ['errors', 'nested', 'node-http', 'redirects', 'undo'];

interface JestResults {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs the tests under another Node, and returns their results. */
async function runUnder(executable: string): Promise<JestResults> {
  const results = mkdtempSync(join(tmpdir(), 'client-'));
  const outputFile = join(results, 'results.json');
  const options = [
    '--runInBand',
    '--reporters=default',
    '--json',
    `--outputFile=${outputFile}`,
    '--selectProjects',
    'client · sdk 3',
  ];
  const selection = ['--testPathPatterns', `/test/(${files.join('|')})\\.test`];
  const { NODE_OPTIONS: _, JEST_WORKER_ID: __, ...env } = process.env;
  // It ends with an error when a test fails; the results say which.
  await promisify(execFile)(executable, [...flags, jest, ...options, ...selection], {
    cwd: folder,
    env,
    timeout: 110_000,
  }).catch(() => {});
  const content = readFileSync(outputFile, 'utf8');
  rmSync(results, { recursive: true });
  return JSON.parse(content);
}

test.each([22, 24])(
  '[client:span] [client:errors] [client:redirect] [client:nested] [client:undo] all of it holds on Node %d, by the channels that it publishes',
  async (line) => {
    const executable = executableOf(line);
    if (executable === undefined) {
      console.warn(
        `Node ${line} is not installed here, so the tests of ${files.join(', ')} were not run under it.`,
      );
      return;
    }
    const { testResults } = await runUnder(executable);
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = tests.filter(({ status }) => status !== 'passed').map(({ fullName }) => fullName);
    expect([testResults.length, failed]).toEqual([files.length, []]);
    expect(tests.length).toBeGreaterThan(200);
  },
  120_000,
);
