import { expect, test } from '@jest/globals';
import { EXCLUDED } from '../../src/server/excluded.js';
import { UNOBSERVED } from '../../src/server/server-operation.js';

test('the operation of excluded requests has nothing to watch, to record or to end (exclude:effect)', () => {
  expect(EXCLUDED.ended).toBe(true);
  expect(EXCLUDED.observes).toEqual(UNOBSERVED);
  expect(EXCLUDED.span.isRecording()).toBe(false);
  expect(EXCLUDED.run(() => 42)).toBe(42);
  EXCLUDED.setRoute('/x');
  EXCLUDED.recordError(new Error('x'));
  EXCLUDED.commit({});
  EXCLUDED.end({});
});
