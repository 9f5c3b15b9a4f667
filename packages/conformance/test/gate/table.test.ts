import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { requirementTable } from '../../src/gate/table.js';
import { requirements } from '../../src/requirements/all.js';
import type { Requirement } from '../../src/requirements/requirement.js';

describe('the table', () => {
  const both: Requirement = {
    id: 'span:one',
    family: 'span',
    text: 'One span.',
    source: 'https://example.com/span',
    adapters: ['express', 'koa'],
  };
  const koaOnly: Requirement = { id: 'life:h2', family: 'life', text: 'HTTP/2.', adapters: ['koa'] };
  const elsewhere: Requirement = { id: 'sql:tags', family: 'sql', text: 'Tags.', adapters: ['sqlcommenter'] };

  test('tells what is met, what is not the adapter’s, and why something is missing', () => {
    const gaps = { 'life:h2': 'no HTTP/2', '[span:one] [life:h2] at once': 'too fast' };
    const table = requirementTable(
      [both, koaOnly, elsewhere],
      [
        { adapter: 'express', gaps: {} },
        { adapter: 'koa', gaps },
      ],
    );
    expect(table.split('\n')).toEqual([
      '| Requirement | What it asks for | express | koa |',
      '| --- | --- | --- | --- |',
      '| `span:one` | One span. [→](https://example.com/span) | yes | partly[^koa-1] |',
      '| `life:h2` | HTTP/2. | – | no[^koa-2] partly[^koa-1] |',
      '',
      '[^koa-1]: at once: too fast',
      '[^koa-2]: no HTTP/2',
    ]);
  });
});

describe('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'table-'));
  const readme = join(folder, 'README.md');
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...args: readonly string[]): { status: number | null; stderr: string } => {
    const program = join(import.meta.dirname, '../../bin/table.mjs');
    const { status, stderr } = spawnSync(process.execPath, [program, readme, ...args], { encoding: 'utf8' });
    return { status, stderr };
  };

  test('says what to do where there is no place for the table', () => {
    writeFileSync(readme, '# A title\n');
    const { status, stderr } = run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^There is no place for the table.*<!-- requirements: end -->/s);
  });

  test('writes the table once, and finds drift', () => {
    const { stderr } = run();
    const markers = stderr.split('\n').filter((line) => line.startsWith('<!--'));
    writeFileSync(readme, `# A title\n\n${markers.join('\n')}\n\nAn end.\n`);
    expect(run('--check')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('node packages/conformance/bin/table.mjs'),
    });
    expect(run()).toEqual({ status: 0, stderr: '' });
    const written = readFileSync(readme, 'utf8');
    expect(written).toMatch(
      /^# A title\n\n<!-- .* -->\n\n\| Requirement .*<!-- requirements: end -->\n\nAn end\.\n$/s,
    );
    const servers = requirements.filter(({ adapters }) => adapters.includes('node-http'));
    for (const { id, text } of servers) expect(written).toContain(`| \`${id}\` | ${text}`);
    expect(run('--check')).toEqual({ status: 0, stderr: '' });
    expect(run()).toEqual({ status: 0, stderr: '' });
    expect(readFileSync(readme, 'utf8')).toBe(written);
    writeFileSync(readme, written.replace('| yes |', '| no |'));
    expect(run('--check').status).toBe(1);
  });
});
