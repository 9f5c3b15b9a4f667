// Fails on doc comments that begin with a word such as What or Whether. They begin with a noun, which says what a thing is,
// or with a verb, which says what it does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFiles, root } from './workspace.mjs';

const checked = /^(?:packages\/[^/]+\/(?:src|test)|packages\/benchmarks|scripts|examples)\/.*\.[cm]?[jt]s$/;

/** Finds doc comments with up to three of their words; the `/**` of a glob in a string is none. */
const docComment = /(?<![^\s({[<,;=|&])\/\*\*[\s*]+(?<words>[\w'’-]+(?:[ \t]+[^\s*]+){0,2})/g;

const refused = /^(?:What|Whether|Where|How|Which|Of|Who|Whose|That)\b/;

for (const file of repositoryFiles().filter((name) => checked.test(name))) {
  const text = readFileSync(join(root, file), 'utf8');
  for (const { index, groups } of text.matchAll(docComment)) {
    if (!refused.test(groups.words)) continue;
    const line = text.slice(0, index).split('\n').length;
    console.error(
      `${file}:${line}: a doc comment begins with a noun or a verb, not with "${groups.words} …"`,
    );
    process.exitCode = 1;
  }
}
