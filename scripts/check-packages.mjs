// Checks the tarball of every published package with publint and Are the Types Wrong.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packPublicPackages, run } from './pack.mjs';

const folder = mkdtempSync(join(tmpdir(), 'packages-'));
const packed = await packPublicPackages(folder);

for (const { name, tarball } of packed) {
  const { buffer } = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  for (const message of messages) {
    console.error(`${name}: publint: ${formatMessage(message, pkg)}`);
    process.exitCode = 1;
  }
  await run('attw', [tarball, '--profile', 'node16', '--no-emoji', '--format', 'ascii']);
}

rmSync(folder, { recursive: true });
if (!process.exitCode) console.log(`publint and attw agree with ${packed.length} packages`);
