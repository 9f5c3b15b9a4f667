// Writes the table of adapters and requirements between its markers in the root README.md, or in the file
// that is named. With --check it writes nothing, and fails when the table there is another.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

register('./load-typescript.mjs', import.meta.url);
// The gaps of the newest version, whatever that is called.
globalThis.matrix = {};
const { SERVERS } = await import('../src/requirements/requirement.ts');
const { requirements } = await import('../src/requirements/all.ts');
const { requirementTable } = await import('../src/gate/table.ts');

const [named] = process.argv.slice(2).filter((argument) => argument !== '--check');
const readme = named === undefined ? new URL('../../../README.md', import.meta.url) : pathToFileURL(named);
const BEGIN = '<!-- requirements: written by packages/conformance/bin/table.mjs -->';
const END = '<!-- requirements: end -->';

async function column(adapter) {
  const file = new URL(`../../${adapter}/test/gaps.ts`, import.meta.url);
  return { adapter, gaps: existsSync(file) ? (await import(file)).gaps : {} };
}

/** One table for all servers, which have their requirements in common, and one for each other package. */
async function tables() {
  const adapters = [...new Set(requirements.flatMap((requirement) => requirement.adapters))];
  const found = adapters.filter((adapter) =>
    existsSync(new URL(`../../${adapter}/package.json`, import.meta.url)),
  );
  const others = found.filter((adapter) => !SERVERS.includes(adapter));
  const groups = [found.filter((adapter) => SERVERS.includes(adapter)), ...others.map((other) => [other])];
  const columns = await Promise.all(groups.map((group) => Promise.all(group.map(column))));
  return columns.map((group) => requirementTable(requirements, group)).join('\n\n');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
const begin = text.indexOf(BEGIN);
const end = text.indexOf(END);
if (begin === -1 || end < begin) {
  fail(
    `There is no place for the table of requirements. Put these two lines into README.md where it is to be:\n${BEGIN}\n${END}`,
  );
}
const written = `${text.slice(0, begin + BEGIN.length)}\n\n${await tables()}\n\n${text.slice(end)}`;
if (written !== text) {
  if (process.argv.includes('--check')) {
    fail(
      'The table of requirements in README.md is out of date. Run: node packages/conformance/bin/table.mjs',
    );
  }
  writeFileSync(readme, written);
}
