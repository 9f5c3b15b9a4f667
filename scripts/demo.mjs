// Builds what the demo needs and runs it with the arguments it was given, with or without a `--` before them.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { turbo } from './turbo.mjs';
import { root } from './workspace.mjs';

const build = turbo(['build', '--filter={./examples/shop}...'], { stdio: 'pipe' });
if (build.status !== 0) {
  console.error(`${build.stdout}${build.stderr}`);
  process.exit(build.status ?? 1);
}

const args = process.argv.slice(2).filter((arg) => arg !== '--');
const demo = spawn(process.execPath, [join(root, 'examples/shop/demo.js'), ...args], { stdio: 'inherit' });
// The terminal sends Ctrl-C to both: the demo shuts down in its own time and says how it ended.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => demo.kill('SIGTERM'));
demo.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
