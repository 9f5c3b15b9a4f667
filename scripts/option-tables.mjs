// Writes the table of options between its markers in the README.md of each package. With --check it writes nothing, and
// fails when a table is another, or when a built package takes other options than `options.mjs` has.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { acceptedOptions } from './option-names.mjs';
import { options, words } from './options.mjs';
import { publicPackages, root } from './workspace.mjs';

const BEGIN = '<!-- options: written by scripts/option-tables.mjs -->';
const END = '<!-- options: end -->';
const HEAD = ['| option | what it does | default | environment variable |', '|---|---|---|---|'];

/** The packages with options of their own; core has those that it takes for all adapters. */
const names = publicPackages()
  .map(({ folder }) => basename(folder))
  .filter((name) => name !== 'core');

/** The rows of a package, with its own words where it has any. */
function optionsOf(name) {
  return options
    .filter((option) => option.packages.includes(name))
    .map((option) => ({ ...option, ...option.instead?.[name] }));
}

function tableOf(name) {
  const filled = (text) =>
    text.replace(/\{(\w+)\}/g, (brace, word) => {
      const found = words[name]?.[word];
      if (found === undefined) throw new Error(`scripts/options.mjs: ${name} has no word for ${brace}`);
      return found;
    });
  const rows = optionsOf(name).map((option) => {
    const call = option.takes === undefined ? '' : `(${option.takes})`;
    return [`\`${option.name}${call}\``, option.does, option.default, option.environment ?? ''].map(filled);
  });
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |`.replace(/ {2,}/g, ' '));
  return [...HEAD, ...lines].join('\n');
}

/** The text of a README.md with the table in it, or `undefined` when it has no place for one. */
function withTable(text, name) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) return undefined;
  return `${text.slice(0, begin + BEGIN.length)}\n\n${tableOf(name)}\n\n${text.slice(end)}`;
}

/** Writes the table of a package, or tells in which way it is out of date. */
function* writeTable(name, check) {
  const path = `packages/${name}/README.md`;
  const text = readFileSync(join(root, path), 'utf8');
  const written = withTable(text, name);
  if (written === undefined) {
    yield `${path} has no place for the table of options. Put these two lines where it is to be:\n${BEGIN}\n${END}`;
  } else if (written !== text) {
    if (check) yield `${path}: the table of options is out of date. Run: node scripts/option-tables.mjs`;
    else writeFileSync(join(root, path), written);
  }
}

/** Compares the options of a built package with those of the data. */
async function namingFaults(name) {
  const accepted = await acceptedOptions(name);
  const described = optionsOf(name).map((option) => option.name);
  return [
    ...accepted
      .filter((option) => !described.includes(option))
      .map((option) => `packages/${name} takes the option ${option}: describe it in scripts/options.mjs`),
    ...described
      .filter((option) => !accepted.includes(option))
      .map((option) => `packages/${name} takes no option ${option}: remove it from scripts/options.mjs`),
  ];
}

const check = process.argv.includes('--check');
const faults = names.flatMap((name) => [...writeTable(name, check)]);
if (check) faults.push(...(await Promise.all(names.map(namingFaults))).flat());
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
