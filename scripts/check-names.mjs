// Fails on file names that say nothing, and on words that bind the repository to one machine.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repositoryFiles, root } from './workspace.mjs';

const emptyNames = /(?:^|\/)(?:utils?|helpers?|commons?|types?|shared|misc)(?:\.[^/]*)?(?:\/|$)/;

const machineWords = {
  'a path of one machine': /(?<![\w.*-])\/(?:work|Users|home\/[a-z]+|root\/\.[a-z]+)\/|\b[A-Z]:\\\\?Users\b/,
  'a registry host': /registry\.(?:npmjs|yarnpkg|npmmirror)\.|npm\.pkg\.github\.com|deb\.debian\.org/,
  'a folder outside the repository': /(?<![\w./-])shared\/(?:spec|research|design)/,
};

const files = repositoryFiles();

const faults = files
  .filter((file) => emptyNames.test(file))
  .map(
    (file) =>
      `${file}: a file or folder is named after its concept, never utils, helpers, common, types or shared`,
  );

for (const file of files.filter((name) => basename(name) !== 'check-names.mjs')) {
  const text = readFileSync(join(root, file), 'utf8');
  for (const [what, pattern] of Object.entries(machineWords)) {
    const found = pattern.exec(text);
    if (found) faults.push(`${file}:${text.slice(0, found.index).split('\n').length}: ${what}: ${found[0]}`);
  }
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
