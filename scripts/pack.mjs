// Packs the published packages exactly as a release would upload them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { turbo } from './turbo.mjs';
import { publicPackages } from './workspace.mjs';

/** Runs a command and resolves to its output; if it fails, shows that and ends the process. */
export async function run(command, args, options) {
  try {
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 2 ** 26, ...options });
    return stdout;
  } catch ({ message, stdout = '' }) {
    console.error(`${message}\n${stdout}`);
    process.exit(1);
  }
}

/** Builds every published package and packs it into `folder`; resolves to `{ name, tarball, manifest }` of each. */
export async function packPublicPackages(folder) {
  const build = turbo(['build', '--filter=./packages/*'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (build.status !== 0) process.exit(1);
  return Promise.all(
    publicPackages().map(async (each) => {
      const packed = await run('pnpm', ['pack', '--json', '--pack-destination', folder], {
        cwd: each.folder,
      });
      const tarball = JSON.parse(packed).filename;
      const manifest = JSON.parse(await run('tar', ['-xzOf', tarball, 'package/package.json']));
      return { name: manifest.name, tarball, manifest };
    }),
  );
}
