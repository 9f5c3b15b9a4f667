import { expect, test } from '@jest/globals';
import type { SpanContext, TextMapGetter } from '@opentelemetry/api';
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { PARENT_ID, TRACE_CONTEXT_CASES, TRACE_ID } from '@otel-middleware/conformance/trace-context-cases';
import fc from 'fast-check';
import { TraceContextPropagator } from '../src/trace-context.js';
import { MemberList } from '../src/trace-state.js';

type Headers = (typeof TRACE_CONTEXT_CASES)[number]['headers'];
type Fields = Record<string, string | string[]>;

const propagator = new TraceContextPropagator();

function extract(fields: Fields): SpanContext | undefined {
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, fields, defaultTextMapGetter));
}

function inject(spanContext: SpanContext, context = ROOT_CONTEXT): Record<string, string> {
  const carrier = {};
  propagator.inject(trace.setSpanContext(context, spanContext), carrier, defaultTextMapSetter);
  return carrier;
}

/** Repeated fields as one, as servers hand them to a propagator. */
function joined(headers: Headers): Fields {
  const fields: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    fields[key] = fields[key] === undefined ? value : `${fields[key]}, ${value}`;
  }
  return fields;
}

/** Every field as an array, as carriers with several values for a key do. */
function listed(headers: Headers): Fields {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of headers)
    fields[name.toLowerCase()] = [...(fields[name.toLowerCase()] ?? []), value];
  return fields;
}

test('the table has cases enough, each with a name of its own', () => {
  expect(TRACE_CONTEXT_CASES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(TRACE_CONTEXT_CASES.map(({ name }) => name)).size).toBe(TRACE_CONTEXT_CASES.length);
});

for (const [carrier, fieldsOf] of [
  ['joined fields', joined],
  ['arrays', listed],
] as const) {
  test.each(TRACE_CONTEXT_CASES)(
    `[propagation:invalid] [propagation:parent] $name (${carrier})`,
    ({ headers, expect: expected }) => {
      const spanContext = extract(fieldsOf(headers));
      if (expected === 'new root') {
        expect(spanContext).toBeUndefined();
        return;
      }
      const { traceId, parentId, flags, tracestate } = expected;
      expect(spanContext).toMatchObject({ traceId, spanId: parentId, isRemote: true });
      expect(inject(spanContext as SpanContext)).toEqual({
        traceparent: `00-${traceId}-${parentId}-${flags}`,
        ...(tracestate !== undefined && { tracestate }),
      });
    },
  );
}

test('a context without traceparent comes back as it was', () => {
  const context = ROOT_CONTEXT.setValue(Symbol('own'), 1);
  expect(propagator.extract(context, { tracestate: 'a=1' }, defaultTextMapGetter)).toBe(context);
});

test('its fields are traceparent and tracestate', () => {
  expect(propagator.fields()).toEqual(['traceparent', 'tracestate']);
});

const sampled: SpanContext = { traceId: TRACE_ID, spanId: PARENT_ID, traceFlags: 1 };

test.each([
  ['an empty trace id', { ...sampled, traceId: '' }],
  ['a trace id of zeros', { ...sampled, traceId: '0'.repeat(32) }],
  ['a short trace id', { ...sampled, traceId: TRACE_ID.slice(1) }],
  ['a span id of zeros', { ...sampled, spanId: '0'.repeat(16) }],
  ['a span id that is no hexadecimal number', { ...sampled, spanId: 'not-a-span-id---' }],
])('%s is not injected', (_, spanContext) => {
  expect(inject(spanContext)).toEqual({});
});

test('nothing is injected where tracing is suppressed', () => {
  expect(inject(sampled, suppressTracing(ROOT_CONTEXT))).toEqual({});
  expect(inject(sampled)).toEqual({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
});

test('nothing is injected without a span', () => {
  const carrier = {};
  propagator.inject(ROOT_CONTEXT, carrier, defaultTextMapSetter);
  expect(carrier).toEqual({});
});

test('flags that Level 2 does not know are cleared on the way out', () => {
  expect(inject({ ...sampled, traceFlags: 0xff })).toEqual({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-03` });
});

test('an empty tracestate is not sent', () => {
  const traceState = new MemberList('foo=1').unset('foo');
  expect(inject({ ...sampled, traceState })).toEqual({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
});

test('a changed member moves to the front, and the list it came from stays as it was', () => {
  const list = new MemberList('a=1, b=2,c=3');
  expect(list.set('c', '4').serialize()).toBe('c=4,a=1,b=2');
  expect(list.set('d@e', '4').serialize()).toBe('d@e=4,a=1,b=2,c=3');
  expect(list.unset('b').serialize()).toBe('a=1,c=3');
  expect([list.get('b'), list.get('x'), list.serialize()]).toEqual(['2', undefined, 'a=1,b=2,c=3']);
});

test('a member that would be the 33rd pushes out the last one', () => {
  const full = new MemberList(Array.from({ length: 32 }, (_, index) => `k${index}=${index}`).join(','));
  const keys = full.set('new', '1').serialize().split(',');
  expect([keys.length, keys[0], keys.at(-1)]).toEqual([32, 'new=1', 'k30=30']);
});

test('an illegal key or value cannot be set', () => {
  const list = new MemberList('a=1');
  for (const [key, value] of [
    ['A', '1'],
    ['@a', '1'],
    ['', '1'],
    ['k'.repeat(257), '1'],
    ['b', ''],
    ['b', 'x '],
    ['b', 'x,y'],
    ['b', 'x=y'],
    ['b', 'v'.repeat(257)],
  ] as const) {
    expect(list.set(key, value)).toBe(list);
  }
});

test('[robust:fuzz] arbitrary text as headers never throws and gives a valid parent or none', () => {
  const near = fc.stringMatching(
    /^[\t ]?[\da-fA-F]{2}-[\da-fg]{31,33}-[\da-f]{15,17}-[\da-f]{1,3}(-x)?[\t ]?$/,
  );
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), near);
  const field = fc.oneof(text, fc.array(text, { maxLength: 3 }));
  fc.assert(
    fc.property(field, field, (traceparent, tracestate) => {
      const spanContext = extract({ traceparent, tracestate });
      if (spanContext === undefined) return;
      const sent = inject(spanContext);
      expect(sent.traceparent).toMatch(/^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-0[0-3]$/);
      expect(String(traceparent)).toContain(sent.traceparent?.slice(3, 52));
    }),
    { numRuns: 5000 },
  );
});

test('[robust:fuzz] a valid traceparent survives any tracestate', () => {
  const member = fc.stringMatching(/^[a-z@ \t]{0,3}=?[ -~]{0,4}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(member).map(String)), (tracestate) => {
      const spanContext = extract({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, tracestate });
      expect(inject(spanContext as SpanContext).traceparent).toBe(`00-${TRACE_ID}-${PARENT_ID}-01`);
    }),
    { numRuns: 5000 },
  );
});

test('what is injected is extracted the same, for every valid context', () => {
  const hex = (length: number) =>
    fc.stringMatching(new RegExp(`^[\\da-f]{${length}}$`)).filter((id) => /[^0]/.test(id));
  const key = fc.stringMatching(/^[a-z0-9][a-z0-9_\-*/@]{0,255}$/);
  const value = fc.stringMatching(/^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/);
  const list = fc.uniqueArray(fc.tuple(key, value), { maxLength: 32, selector: ([name]) => name });
  fc.assert(
    fc.property(
      hex(32),
      hex(16),
      fc.integer({ min: 0, max: 3 }),
      list,
      (traceId, spanId, traceFlags, members) => {
        const traceState = new MemberList(new Map(members));
        const received = extract(inject({ traceId, spanId, traceFlags, traceState }));
        expect(received).toMatchObject({ traceId, spanId, traceFlags, isRemote: true });
        expect(received?.traceState?.serialize() ?? '').toBe(traceState.serialize());
        for (const [name, member] of members) expect(received?.traceState?.get(name)).toBe(member);
      },
    ),
    { numRuns: 1000 },
  );
});

test('[robust:fuzz] hostile headers of 64,000 characters are read in linear time', () => {
  const spaces = ' '.repeat(64_000);
  const traceparent = `00-${TRACE_ID}-${PARENT_ID}-01`;
  const hostile: Fields[] = [
    { traceparent: `${spaces}x` },
    { traceparent: `${traceparent}${spaces}x` },
    { traceparent: `cc${traceparent.slice(2)}-${spaces}\n` },
    ...[
      `${spaces}A=1`,
      `a=b${spaces}x`,
      `a=${'b'.repeat(256)}${spaces}x`,
      `a=${spaces}`,
      'a= '.repeat(20_000),
    ].map((tracestate) => ({ traceparent, tracestate })),
    { traceparent, tracestate: ','.repeat(64_000) },
  ];
  const started = performance.now();
  for (const fields of hostile) extract(fields)?.traceState?.serialize();
  // Measured: 10 ms together. A quadratic step would take 2 s for each.
  expect(performance.now() - started).toBeLessThan(1000);
});

test('a getter that answers with null, as Headers do, is taken for no header', () => {
  const getter: TextMapGetter<globalThis.Headers> = {
    keys: (headers) => [...headers.keys()],
    get: (headers, key) => headers.get(key) as unknown as string | undefined,
  };
  const headers = new globalThis.Headers({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
  const context = propagator.extract(ROOT_CONTEXT, headers, getter);
  expect(inject(trace.getSpanContext(context) as SpanContext)).toEqual({
    traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`,
  });
  expect(propagator.extract(ROOT_CONTEXT, new globalThis.Headers(), getter)).toBe(ROOT_CONTEXT);
});
