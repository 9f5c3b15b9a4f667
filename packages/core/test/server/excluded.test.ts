import { expect, test } from '@jest/globals';
import { EXCLUDED } from '../../src/server/excluded.js';
import { NO_NEEDS } from '../../src/server/server-operation.js';

test('the operation of excluded requests has nothing to watch, to record or to end (exclude:effect)', () => {
  expect(EXCLUDED.kind).toBe('excluded');
  expect(EXCLUDED.needs).toEqual(NO_NEEDS);
  expect(EXCLUDED.span.isRecording()).toBe(false);
  expect(EXCLUDED.run(() => 42)).toBe(42);
  EXCLUDED.setRoute('/x');
  EXCLUDED.recordError(new Error('x'));
  EXCLUDED.commit({});
  EXCLUDED.end({});
  expect(EXCLUDED.ended).toBe(false);
});
