import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { citationsIn, skippedIn, suiteCitations } from '../../src/gate/citations.js';
import type { TestedPackage } from '../../src/gate/gate.js';
import { judge } from '../../src/gate/gate.js';
import { requirements } from '../../src/requirements/all.js';
import type { Requirement } from '../../src/requirements/requirement.js';
import { FRAMEWORKS, SERVERS } from '../../src/requirements/requirement.js';

const packagesFolder = join(import.meta.dirname, '../../..');

function testSources(name: string): readonly string[] {
  const folder = join(packagesFolder, name, 'test');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}

async function read(name: string): Promise<TestedPackage> {
  const sources = testSources(name);
  const gapsFile = join(packagesFolder, name, 'test/gaps.ts');
  return {
    name,
    runsSuite: sources.some((source) => source.includes('describeConformance(')),
    cited: sources.flatMap(citationsIn),
    skipped: sources.flatMap(skippedIn),
    gaps: existsSync(gapsFile) ? (await import(pathToFileURL(gapsFile).href)).gaps : {},
  };
}

describe('the gate', () => {
  let packages: readonly TestedPackage[];
  beforeAll(async () => {
    const names = readdirSync(packagesFolder).filter((name) =>
      existsSync(join(packagesFolder, name, 'package.json')),
    );
    packages = await Promise.all(names.map(read));
  });

  test('every requirement of every package that exists is proved', () => {
    const { faults, pending } = judge(requirements, suiteCitations(), packages);
    const adapters = [...new Set(pending.map((one) => one.split(':', 1)[0]))];
    const counts = adapters.map(
      (adapter) => `${adapter} ${pending.filter((one) => one.startsWith(`${adapter}:`)).length}`,
    );
    process.stdout.write(`requirements that wait for their package: ${counts.join(', ') || 'none'}\n`);
    expect(faults).toEqual([]);
  });
});

describe('what the gate finds', () => {
  const requirement: Requirement = {
    id: 'span:one',
    family: 'span',
    text: 'One span.',
    adapters: ['koa', 'ws'],
  };
  const koa: TestedPackage = { name: 'koa', runsSuite: true, cited: [], skipped: [], gaps: {} };
  const judged = (bySuite: readonly string[], ...packages: readonly TestedPackage[]) =>
    judge([requirement], new Set(bySuite), packages);

  test('a proved requirement, and one that waits for its package', () => {
    expect(judged(['span:one'], koa)).toEqual({ faults: [], pending: ['ws: span:one'] });
    expect(judged([], { ...koa, cited: ['span:one'] }).faults).toEqual([]);
    expect(judged([], koa, { ...koa, name: 'core', cited: ['span:one'] }).faults).toEqual([]);
  });

  test('a requirement that no test cites', () => {
    const fault =
      'No test proves span:one for koa. Run the suite, or write a test whose title holds [span:one].';
    expect(judged([], koa).faults).toEqual([fault]);
    expect(judged(['span:one'], { ...koa, runsSuite: false }).faults).toEqual([fault]);
    const core = { ...koa, name: 'core', cited: ['span:one'] };
    expect(judged(['span:one'], { ...koa, runsSuite: false }, core).faults).toEqual([fault]);
    expect(judged([], koa, { ...koa, name: 'express', cited: ['span:one'] }).faults).toEqual([fault]);
  });

  test('ids that are unknown, tests that never run, gaps without a reason', () => {
    const faulty = {
      ...koa,
      cited: ['span:two'],
      skipped: ['test.skip'],
      gaps: { 'span:one': ' ', 'span:three': 'late' },
    };
    expect(judged(['span:one', 'span:four'], faulty).faults).toEqual([
      'A test of koa cites span:two, which is no requirement.',
      'A test of koa never runs (test.skip). Declare a gap with its reason instead.',
      'The gaps of koa name span:three, which is no requirement.',
      'The gap span:one of koa has no reason.',
      'The suite cites span:four, which is no requirement.',
    ]);
  });

  test('citations are read from titles, not from comments', () => {
    const title = (id: string): string => `[${id}]`;
    const source = [
      `test('${title('span:one')} ${title('attribute:path')} a title', run);`,
      `// ${title('span:scope')}`,
      ` * '${title('span:name-root')}'`,
      `test.each(cases)(\`${title('metric:size')} $name\`, run);`,
      "it('does two things (life:once, exclude:env) at once');",
      'const notOne = list[span:one];',
    ].join('\n');
    expect(citationsIn(source)).toEqual([
      'span:one',
      'attribute:path',
      'metric:size',
      'life:once',
      'exclude:env',
    ]);
    const [skip, ignore] = ['test.skip', 'xit'];
    expect(
      skippedIn(`${skip}('x', run);\n${ignore}('y', run);\n// ${skip}('z')\nit('skips it.todo')`),
    ).toHaveLength(2);
  });
});

describe('the requirements', () => {
  test('have one id each, a text and at least one adapter', () => {
    const ids = requirements.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, family, text, source, adapters } of requirements) {
      expect(id).toMatch(new RegExp(`^${family}:[a-z0-9-]+$`));
      expect(text).toMatch(/^.+\.$/);
      expect(source ?? 'https://').toMatch(/^https:\/\//);
      expect(adapters.length).toBeGreaterThan(0);
    }
  });

  test('are the same for every server, save those about routers', () => {
    const servers = requirements.filter(({ adapters }) =>
      adapters.some((adapter) => SERVERS.includes(adapter)),
    );
    const others = servers.filter(({ adapters }) => adapters.length !== SERVERS.length);
    expect(
      others.every(({ id, adapters }) => adapters === FRAMEWORKS || id === 'nested:internal-fetch'),
    ).toBe(true);
  });
});
