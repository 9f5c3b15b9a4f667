import { describe, expect, test } from '@jest/globals';
import { collectDiagnostics } from '@otel-middleware/testbed/diagnostics';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { ExcludedUrls } from '../../src/options/excluded-urls.js';
import { compileExcludedUrls } from '../../src/options/excluded-urls.js';
import { compileRules } from '../../src/server/rules.js';
import type { PlainResponse } from '../plain-http.js';
import { plainResponse } from '../plain-http.js';

interface Request {
  method: string;
}

function excludes(urls: ExcludedUrls<Request>, path: string, method = 'GET'): boolean {
  return compileExcludedUrls(urls)?.({ method }, path) ?? false;
}

describe('what is excluded', () => {
  test.each<[ExcludedUrls<Request>]>([[''], [[]], [[' ', '']], [' , ']])(
    '%j excludes nothing and costs nothing (exclude:forms)',
    (urls) => {
      expect(compileExcludedUrls(urls)).toBeUndefined();
    },
  );

  test.each<[ExcludedUrls<Request>, string, boolean]>([
    ['healthz,readyz', '/readyz', true],
    ['healthz,readyz', '/api/healthz/x', true],
    ['healthz,readyz', '/orders', false],
    ['^/v\\d{1,3}$', '/v12', true],
    ['^/v\\d{1,3}$', '/v1234', false],
    ['HEALTHZ', '/healthz', false],
    [['healthz', 'readyz'], '/readyz', true],
    [[/HEALTHZ/i], '/healthz', true],
    [[/HEALTHZ/i, 'readyz'], '/readyz', true],
    // Joined patterns keep their own alternatives, groups and anchors.
    [['^/a|^/b', '^/c$'], '/b', true],
    [['^/a|^/b', '^/c$'], '/x/a', false],
    [['^/a|^/b', '^/c$'], '/c', true],
    [['(x)', '/(a)(b)\\2'], '/abb', true],
    [['(x)', '/(a)(b)\\2'], '/aba', false],
    [['(a)(b)', '/(.)\\1'], '/zz', true],
    [['(a)(b)', '/(.)\\1'], '/zy', false],
    [['(?<n>a)x', '(?<n>b)y'], '/by', true],
    [['(?<c>.)\\k<c>z', 'never'], '/qqz', true],
    [['(?<!/api)/health', 'ready'], '/api/health', false],
    [['(?<!/api)/health', 'ready'], '/health', true],
    [[(request) => request.method === 'OPTIONS'], '/', false],
  ])('%p on %j: %j (exclude:forms)', (urls, path, expected) => {
    expect(excludes(urls, path)).toBe(expected);
  });

  test('a predicate decides on the request itself, beside patterns (exclude:forms)', () => {
    const urls: ExcludedUrls<Request> = ['healthz', ({ method }) => method === 'OPTIONS'];
    expect(excludes(urls, '/healthz')).toBe(true);
    expect(excludes(urls, '/', 'OPTIONS')).toBe(true);
    expect(excludes(urls, '/', 'GET')).toBe(false);
  });

  test.each([/health/g, /health/y, /\/health/gy])(
    'the stateful %p answers alike on every call (exclude:forms)',
    (pattern) => {
      const test = compileExcludedUrls([pattern]);
      const alone = new RegExp(pattern.source, pattern.flags).exec('/health') !== null;
      // Sticky patterns lose their stickiness: they are searched in the path like all others.
      const expected = alone || pattern.sticky;
      for (let call = 0; call < 4; call++) expect(test?.({ method: 'GET' }, '/health')).toBe(expected);
      expect(pattern.lastIndex).toBe(0);
    },
  );

  test('a predicate that throws excludes nothing, and is reported once (hook:guard)', () => {
    const diagnostics = collectDiagnostics();
    const test = compileExcludedUrls<Request>([
      () => {
        throw new Error('broken');
      },
    ]);
    for (let call = 0; call < 3; call++) expect(test?.({ method: 'GET' }, '/')).toBe(false);
    expect(diagnostics).toEqual([['warn', expect.stringContaining('A predicate in excludedUrls failed')]]);
  });

  test('an asynchronous predicate excludes nothing: a promise is no answer (exclude:forms)', () => {
    const answer = async () => true;
    const test = compileExcludedUrls<Request>([answer as unknown as () => boolean]);
    expect(test?.({ method: 'GET' }, '/')).toBe(false);
  });
});

describe('configuration', () => {
  const excluded = (options: { excludedUrls?: ExcludedUrls<Request> } = {}) =>
    compileRules<Request, PlainResponse>({
      scope: { name: '@otel-middleware/plain', version: '1.2.3' },
      framework: 'plain-http',
      response: plainResponse,
      options,
    }).isExcluded;
  const SPECIFIC = 'OTEL_NODE_PLAIN_HTTP_EXCLUDED_URLS';
  const GENERIC = 'OTEL_NODE_EXCLUDED_URLS';
  const request = { method: 'GET' };

  test.each<[ExcludedUrls<Request>, string]>([
    ['healthz,(', '('],
    [['healthz', '/a[', 'readyz'], '/a['],
    [['(?<n>a)(?<n>b)'], '(?<n>a)(?<n>b)'],
  ])(
    'an invalid pattern in %j fails at construction, with the option, the pattern and the cure (exclude:forms)',
    (urls, pattern) => {
      expect(() => excluded({ excludedUrls: urls })).toThrow(TypeError);
      expect(() => excluded({ excludedUrls: urls })).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(
            /^@otel-middleware\/plain: option "excludedUrls" .*Escape special characters with a backslash\.$/,
          ) as unknown as string,
          cause: expect.objectContaining({ name: 'SyntaxError' }) as unknown,
        }),
      );
      expect(() => excluded({ excludedUrls: urls })).toThrow(`/${pattern}/`);
    },
  );

  test.each<[Record<string, string>, ExcludedUrls<Request> | undefined, string[]]>([
    [{}, undefined, []],
    [{ [GENERIC]: 'generic' }, undefined, ['/generic']],
    [{ [GENERIC]: 'generic', [SPECIFIC]: 'specific' }, undefined, ['/specific']],
    [{ [GENERIC]: 'generic', [SPECIFIC]: '' }, undefined, []],
    [{ [GENERIC]: 'generic', [SPECIFIC]: 'specific' }, 'option', ['/option']],
    [{ [GENERIC]: 'generic', [SPECIFIC]: 'specific' }, [], []],
    [{ [GENERIC]: 'generic' }, '', []],
    [{ [GENERIC]: 'generic,^/v\\d{1,2}$' }, undefined, ['/generic', '/v12']],
  ])('with %j and the option %j exactly %j are excluded (exclude:env)', (variables, option, paths) => {
    const test = withVariables(variables, () =>
      excluded(option === undefined ? {} : { excludedUrls: option }),
    );
    const all = ['/generic', '/specific', '/option', '/v12', '/v123'];
    expect(all.filter((path) => test?.(request, path))).toEqual(paths);
  });

  test('an invalid pattern in the environment is reported once and left out, the others stay in force (exclude:env)', () => {
    const diagnostics = collectDiagnostics();
    const test = withVariables({ [GENERIC]: 'healthz,[,readyz' }, () => excluded());
    expect(test?.(request, '/healthz')).toBe(true);
    expect(diagnostics).toEqual([
      ['warn', expect.stringMatching(/^OTEL_NODE_EXCLUDED_URLS .*\/\[,readyz\//)],
    ]);
  });
});
