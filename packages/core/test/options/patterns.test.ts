import { beforeEach, describe, expect, test } from '@jest/globals';
import { collectDiagnostics } from '@otel-middleware/testbed/diagnostics';
import { withVariables } from '@otel-middleware/testbed/variables';
import { compilePatterns, readPatterns, splitPatterns } from '../../src/options/patterns.js';

describe('a comma-separated list', () => {
  test.each([
    ['', []],
    [' , ,', []],
    ['healthz', ['healthz']],
    ['healthz,readyz', ['healthz', 'readyz']],
    [' healthz , readyz ,', ['healthz', 'readyz']],
    ['/v\\d{1,3}/x,y', ['/v\\d{1,3}/x', 'y']],
    ['[a,b],c', ['[a,b]', 'c']],
    ['(a,b),c', ['(a,b)', 'c']],
    ['(a{1,2},[b,c]),d', ['(a{1,2},[b,c])', 'd']],
    ['a\\,b,c', ['a\\,b', 'c']],
    ['\\(a,b\\),c', ['\\(a', 'b\\)', 'c']],
    ['\\[a,b', ['\\[a', 'b']],
    ['a\\\\,b', ['a\\\\', 'b']],
    ['[(],b', ['[(]', 'b']],
    ['[{],b', ['[{]', 'b']],
    ['[\\]],b', ['[\\]]', 'b']],
    ['[\\],],b', ['[\\],]', 'b']],
    ['[)]x,(a,b),c', ['[)]x', '(a,b)', 'c']],
    ['a},b', ['a}', 'b']],
    ['a\\', ['a\\']],
  ])('%j holds %j (exclude:forms)', (list, patterns) => {
    expect(splitPatterns(list)).toEqual(patterns);
  });
});

describe('patterns of the environment (exclude:env, header:capture)', () => {
  let diagnostics: ReturnType<typeof collectDiagnostics>;
  beforeEach(() => {
    diagnostics = collectDiagnostics();
  });
  const read = (value: string) =>
    withVariables({ OTEL_TEST_PATTERNS: value }, () => readPatterns('OTEL_TEST_PATTERNS'));

  test('of an unset variable there are none, of an empty one no entry', () => {
    expect(readPatterns('OTEL_TEST_PATTERNS')).toBeUndefined();
    expect(read('')).toEqual([]);
  });

  test('are those of the list', () => {
    expect(read('a, b{1,2}')).toEqual(['a', 'b{1,2}']);
    expect(diagnostics).toEqual([]);
  });

  test('that are not valid are left out, each reported once by variable and text', () => {
    for (let time = 0; time < 3; time++) expect(read('a,+,b,*')).toEqual(['a', 'b']);
    expect(diagnostics).toEqual([
      ['warn', expect.stringMatching(/^OTEL_TEST_PATTERNS .*\/\+\//)],
      ['warn', expect.stringMatching(/^OTEL_TEST_PATTERNS .*\/\*\//)],
    ]);
  });
});

test('what compiles comes back, and what does not is a TypeError that names owner, option and cure (robust:options)', () => {
  const invalid = '(';
  expect(compilePatterns('owner', 'option', () => /x/)).toEqual(/x/);
  expect(() => compilePatterns('owner', 'option', () => new RegExp(invalid))).toThrow(
    /^owner: option "option" contains an invalid pattern: .*\/\(\/.*\. Escape special characters with a backslash\.$/,
  );
});
