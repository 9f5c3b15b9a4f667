import { expect, test } from '@jest/globals';
import type { SpanOptions } from '@opentelemetry/api';
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { asNewRoot } from '../../src/server/public-endpoint.js';

const caller = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };

test('a caller becomes a link, and leaves neither parent nor baggage (propagation:public)', () => {
  const options: SpanOptions = { attributes: { a: 1 } };
  const remote = propagation.setBaggage(
    trace.setSpanContext(ROOT_CONTEXT, caller),
    propagation.createBaggage({ a: { value: '1' } }),
  );
  expect(asNewRoot(remote, options)).toBe(ROOT_CONTEXT);
  expect(options).toEqual({ attributes: { a: 1 }, root: true, links: [{ context: caller }] });
});

test('without a caller there is no link (propagation:public)', () => {
  const options: SpanOptions = {};
  expect(asNewRoot(ROOT_CONTEXT, options)).toBe(ROOT_CONTEXT);
  expect(options).toEqual({ root: true });
});
