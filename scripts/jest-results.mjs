// A Jest reporter: leaves a package's counts and its failures, each with why, in test-results.json, for scripts/test.mjs.
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The time that Jest may take to end once all tests have. */
const GRACE_MILLIS = 10_000;

/** The number of lines of a failure that say why: its message, and the difference. */
const MESSAGE_LINES = 30;

export default class JestResults {
  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
  }

  onRunComplete(_contexts, results) {
    const failures = results.testResults.flatMap(
      ({ testFilePath, displayName, testResults, testExecError, failureMessage }) => {
        const project = displayName ? `${displayName.name} › ` : '';
        const file = project + relative(this.rootDir, testFilePath);
        const failed = testResults.filter(({ status }) => status === 'failed');
        const names = failed.map(
          ({ fullName, failureMessages }) =>
            `${file} › ${fullName}\n${beginning(failureMessages.join('\n'))}`,
        );
        return testExecError
          ? [...names, `${file} could not be run\n${beginning(failureMessage ?? '')}`]
          : names;
      },
    );
    const { numPassedTests: passed, numPendingTests, numTodoTests } = results;
    this.write({ passed, skipped: numPendingTests + numTodoTests, failures });
    // What a test left open would keep Jest, and everything that waits for it, from ever ending.
    setTimeout(() => {
      failures.push(
        'a test left a socket, timer or process open, so Jest did not end: try --detectOpenHandles',
      );
      this.write({ passed, skipped: numPendingTests + numTodoTests, failures });
      process.exit(1);
    }, GRACE_MILLIS).unref();
  }

  write(counts) {
    writeFileSync(join(this.rootDir, 'test-results.json'), `${JSON.stringify(counts, null, 2)}\n`);
  }
}

/** The first lines of what Jest says of a failure, without its colours and its own frames. */
function beginning(message) {
  const lines = stripVTControlCharacters(message).split('\n');
  const ours = lines.filter((line) => !/^ +at .*node_modules/.test(line)).slice(0, MESSAGE_LINES);
  return ours.map((line) => `    ${line}`).join('\n');
}
