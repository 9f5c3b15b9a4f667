import { expect, test } from '@jest/globals';
import { failureOf } from '../../src/http/outcome.js';

const thrown = { error: new RangeError('out of range'), time: 1 };

test.each([101, 200, 204, 302, 400, 404, 499])('%i is no failure (status:classes)', (status) => {
  expect(failureOf(status, {}, undefined)).toBeUndefined();
});

test.each([500, 503, 599, 600, 999, 99, 0])(
  '%i is a failure named by the code (status:classes)',
  (status) => {
    expect(failureOf(status, {}, undefined)).toEqual({ type: String(status) });
  },
);

test.each([200, 404, 418])(
  'an error that was answered with %i was handled (error:4xx, error:swallowed)',
  (status) => {
    expect(failureOf(status, {}, thrown)).toBeUndefined();
  },
);

test('an error answered with 500 is named by the code, and has no description (error:thrown)', () => {
  expect(failureOf(500, {}, thrown)).toEqual({ type: '500', exception: thrown });
});

test.each([undefined, 200, 404, 500])(
  'a client that leaves, %j sent, is told by its own type (error:abort)',
  (status) => {
    expect(failureOf(status, { aborted: true }, undefined)).toEqual({ type: 'client_disconnected' });
  },
);

test.each([undefined, 200])(
  'an error that ends the response, %j sent, gives type and description (error:mid-stream)',
  (status) => {
    expect(failureOf(status, { aborted: true }, thrown)).toEqual({
      type: 'RangeError',
      message: 'out of range',
      exception: thrown,
    });
  },
);

test('nothing sent and nothing known is _OTHER (error:before-head)', () => {
  expect(failureOf(undefined, {}, undefined)).toEqual({ type: '_OTHER' });
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'text'],
])('%s that was thrown is a failure too (error:non-error)', (_name, error) => {
  expect(failureOf(undefined, { aborted: true }, { error, time: 0 })).toEqual({
    type: '_OTHER',
    message: String(error),
    exception: { error, time: 0 },
  });
});

test.each([400, 404, 499])(
  'an error that was answered with %i was handled, also if the client then leaves (error:4xx)',
  (status) => {
    expect(failureOf(status, { aborted: true }, thrown)).toEqual({ type: 'client_disconnected' });
  },
);

test.each([200, 399, 500])(
  'an error before or after a head with %i that never was completed is why (error:mid-stream)',
  (status) => {
    expect(failureOf(status, { aborted: true }, thrown)).toEqual({
      type: 'RangeError',
      message: 'out of range',
      exception: thrown,
    });
  },
);

test('what the response was closed with is why, whatever was answered (error:mid-stream)', () => {
  expect(failureOf(404, { aborted: true, error: thrown.error }, thrown)).toEqual({
    type: 'RangeError',
    message: 'out of range',
    exception: thrown,
  });
});
