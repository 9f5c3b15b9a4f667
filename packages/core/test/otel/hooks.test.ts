import { beforeEach, expect, test } from '@jest/globals';
import { collectDiagnostics } from '@otel-middleware/testbed/diagnostics';
import { failureReport, guardedHook, isThenable, synchronous } from '../../src/otel/hooks.js';

let diagnostics: ReturnType<typeof collectDiagnostics>;
beforeEach(() => {
  diagnostics = collectDiagnostics();
});

const WARNING = ['warn', expect.stringMatching(/^requestHook failed;/)];

test('a hook is called with what it is given, and its result comes back (hook:request)', () => {
  const seen: unknown[] = [];
  const hook = guardedHook(
    'requestHook',
    (...args: [string, number]) => {
      seen.push(args);
      return 'result';
    },
    'fallback',
  );
  expect(hook('a', 1)).toBe('result');
  expect(seen).toEqual([['a', 1]]);
  expect(diagnostics).toEqual([]);
});

test.each<[string, unknown]>([
  ['an Error', new Error('x')],
  ['undefined', undefined],
  ['a string', 'x'],
  ['a frozen object', Object.freeze({})],
])(
  'a hook that throws %s gives the fallback and is reported once, not once per request (hook:guard)',
  (_name, thrown) => {
    const hook = guardedHook(
      'requestHook',
      () => {
        throw thrown;
      },
      'fallback',
    );
    expect([hook(), hook(), hook()]).toEqual(['fallback', 'fallback', 'fallback']);
    expect(diagnostics).toEqual([WARNING]);
  },
);

test('a hook that rejects is reported once; Jest would fail for a rejection that is left unhandled (hook:guard)', async () => {
  const hook = guardedHook('requestHook', (): unknown => Promise.reject(new Error('later')), undefined);
  for (let call = 0; call < 3; call++) hook();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(diagnostics).toEqual([WARNING]);
});

test('a thenable that insists on both callbacks is taken for a promise (hook:guard)', async () => {
  const settling = (rejects: boolean) => ({
    // biome-ignore lint/suspicious/noThenProperty: the thenables of some libraries call both without asking.
    then: (fulfilled: () => void, rejected: (reason: unknown) => void) =>
      rejects ? rejected(new Error('later')) : fulfilled(),
  });
  const hook = guardedHook('requestHook', (rejects: boolean): unknown => settling(rejects), undefined);
  hook(false);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(diagnostics).toEqual([]);
  hook(true);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(diagnostics).toEqual([WARNING]);
});

test('what a hook was given is no promise of its, though it be a thenable as Fastify’s reply (hook:guard)', () => {
  const reply = {
    // biome-ignore lint/suspicious/noThenProperty: that of Fastify's reply settles with the response.
    then: () => {
      throw new Error('it is not to be waited for');
    },
  };
  const hook = guardedHook('responseHook', (_span: string, of: object): object => of, {});
  expect(hook('span', reply)).toBe(reply);
  expect(diagnostics).toEqual([]);
});

test('two hooks are reported each for itself (hook:guard)', () => {
  const fail = (): never => {
    throw new Error('x');
  };
  guardedHook('requestHook', fail, undefined as never)();
  guardedHook('responseHook', fail, undefined as never)();
  expect(diagnostics).toEqual([WARNING, ['warn', expect.stringMatching(/^responseHook failed;/)]]);
});

test('a result whose then cannot be read is as a failure (hook:guard)', () => {
  const hook = guardedHook(
    'requestHook',
    (): unknown =>
      Object.defineProperty({}, 'then', {
        get: () => {
          throw new Error('no');
        },
      }),
    'fallback',
  );
  expect(hook()).toBe('fallback');
  expect(diagnostics).toEqual([WARNING]);
});

const withThen = (value: unknown) => Object.defineProperty({}, 'then', { value });

test.each<[unknown, boolean]>([
  [Promise.resolve(), true],
  [withThen(() => {}), true],
  [withThen(true), false],
  [undefined, false],
  [null, false],
  ['text', false],
  [() => {}, false],
])('%p is a promise: %j', (value, expected) => {
  expect(isThenable(value)).toBe(expected);
});

test.each<[unknown, boolean]>([
  [true, true],
  [false, false],
  ['yes', false],
  [1, false],
  [undefined, false],
])('a predicate that answers %p says %j', (answer, expected) => {
  expect(synchronous(() => answer)('request')).toBe(expected);
});

test('a predicate is asked about the request, and may not answer later', () => {
  expect(synchronous((request) => request === 'this')('this')).toBe(true);
  expect(() => synchronous(async () => true)('request')).toThrow('It must return a boolean, not a promise.');
});

test('a predicate that rejects ends no process: Jest would fail for a rejection that is left unhandled (hook:guard)', async () => {
  const rejecting = guardedHook(
    'A predicate',
    synchronous(() => Promise.reject(new Error('later'))),
    false,
  );
  expect([rejecting('request'), rejecting('request')]).toEqual([false, false]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(diagnostics).toEqual([['warn', expect.stringMatching(/^A predicate failed;/)]]);
});

test('failures of one source are reported once, those of two each for itself', () => {
  const [one, other] = [failureReport('one'), failureReport('other')];
  for (const report of [one, one, other, other]) report(new Error('x'));
  expect(diagnostics.map(([, message]) => message.split(' ')[0])).toEqual(['one', 'other']);
});
