// RESULTS.md, of which each benchmark writes its own part.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const path = new URL('RESULTS.md', import.meta.url);

/** Replaces the part of a benchmark, between its markers, with these lines. */
export function writeResults(name, lines) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const text = readFileSync(path, 'utf8');
  const [before, rest] = text.split(begin);
  if (rest === undefined)
    throw new Error(`RESULTS.md has no place for "${name}": write ${begin} and ${end} where it belongs.`);
  const machine = `${cpus().length} × ${cpus()[0].model}, ${process.platform} ${process.arch}.`;
  writeFileSync(path, `${before}${begin}\n\n${machine} ${lines.join('\n')}\n\n${end}${rest.split(end)[1]}`);
}
