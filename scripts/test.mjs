// Tests every package through turbo and closes with one line over all of them: `N passed, N failed`.
// Arguments go to turbo (`--filter @otel-middleware/core`), those after `--` to Jest (`-- -t 'abort'`).
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { turbo } from './turbo.mjs';
import { root } from './workspace.mjs';

const selection = process.argv.slice(2);

function plannedTests() {
  const plan = turbo(['test', '--dry=json', ...selection], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (plan.status !== 0) process.exit(1);
  return JSON.parse(plan.stdout)
    .tasks.filter(({ task, command }) => task === 'test' && command !== '<NONEXISTENT>')
    .map((task) => ({ name: task.package, file: join(root, task.directory, 'test-results.json') }));
}

/** Reads the results that the package's own Jest wrote; whatever kept it from testing anything counts as one failure. */
function readResults({ name, file }) {
  if (!existsSync(file)) return { name, passed: 0, skipped: 0, failures: ['wrote no test result'] };
  const results = { name, ...JSON.parse(readFileSync(file, 'utf8')) };
  const ran = results.passed + results.failures.length;
  if (ran === 0 && !selection.includes('--')) results.failures.push('ran no test');
  return results;
}

const counts = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;

const planned = plannedTests();
// A result left by an earlier run must not speak for a Jest that crashed; turbo restores those it replays.
for (const { file } of planned) rmSync(file, { force: true });
const { status } = turbo(['test', '--continue=dependencies-successful', ...selection]);

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const results of planned.map(readResults)) {
  const { name, passed, skipped } = results;
  console.log(`${name} ${counts({ passed, failed: results.failures.length, skipped })}`);
  total.passed += passed;
  total.skipped += skipped;
  failures.push(...results.failures.map((failure) => `${name} › ${failure}`));
}
if (planned.length === 0) failures.push('no package has a test');
if (status !== 0 && failures.length === 0) failures.push(`turbo ended with exit code ${status}: see above`);
total.failed = failures.length;

console.log('');
for (const failure of failures) console.log(`✗ ${failure}`);
console.log(counts(total));
process.exitCode = total.failed === 0 ? 0 : 1;
