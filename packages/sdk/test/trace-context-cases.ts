/**
 * Inputs of W3C Trace Context Level 2 and what a participant must make of them, as data: to be sent as
 * request headers to a server, whose outbound request is then compared, or to be run through the propagator
 * alone.
 */
export interface TraceContextCase {
  readonly name: string;
  /** The header lines of the inbound request in their order; a name that is there twice is sent twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /**
   * What the outbound request carries, or that it belongs to a new trace and has no tracestate of the inbound
   * one.
   */
  readonly expect: ContinuedTrace | 'new root';
}

/** The trace context of an outbound request that continues the inbound trace. */
export interface ContinuedTrace {
  readonly traceId: string;
  /** The span id in the inbound header: the parent of the server's span. */
  readonly parentId: string;
  /** Two hexadecimal digits; the `sampled` bit is what a parent-based sampler passes on. */
  readonly flags: '00' | '01' | '02' | '03';
  /**
   * The header field value, in one line without white space around the members; `undefined`: no such header.
   */
  readonly tracestate: string | undefined;
}

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
export const PARENT_ID = '00f067aa0ba902b7';
const IDS = `${TRACE_ID}-${PARENT_ID}`;
const VALID = `00-${IDS}-01`;

const continued = (flags: ContinuedTrace['flags'], tracestate?: string): ContinuedTrace => ({
  traceId: TRACE_ID,
  parentId: PARENT_ID,
  flags,
  tracestate,
});

const accepts = (
  name: string,
  traceparent: string,
  flags: ContinuedTrace['flags'] = '01',
): TraceContextCase => ({
  name: `traceparent: ${name}`,
  headers: [['traceparent', traceparent]],
  expect: continued(flags),
});

const rejects = (name: string, traceparent: string): TraceContextCase => ({
  name: `traceparent: ${name}`,
  // A tracestate goes with its traceparent: neither may show up.
  headers: [
    ['traceparent', traceparent],
    ['tracestate', 'congo=t61rcWkgMzE'],
  ],
  expect: 'new root',
});

const keeps = (name: string, tracestate: string | readonly string[], sent?: string): TraceContextCase => {
  const lines = typeof tracestate === 'string' ? [tracestate] : tracestate;
  return {
    name: `tracestate: ${name}`,
    headers: [['traceparent', VALID], ...lines.map((line) => ['tracestate', line] as const)],
    expect: continued('01', sent ?? lines.join(',')),
  };
};

const drops = (name: string, tracestate: string | readonly string[]): TraceContextCase => {
  const kept = keeps(name, tracestate);
  return { ...kept, expect: continued('01') };
};

const members = (count: number): string =>
  Array.from({ length: count }, (_, index) => `bar${String(index + 1).padStart(2, '0')}=${index + 1}`).join(
    ',',
  );

const printable = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)).join('');

const ALL_KEY_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@';
const ALL_VALUE_CHARACTERS = `${printable(0x20, 0x2b)}${printable(0x2d, 0x3c)}${printable(0x3e, 0x7e)}`;

export const TRACE_CONTEXT_CASES: readonly TraceContextCase[] = [
  { name: 'no trace headers at all', headers: [], expect: 'new root' },
  { name: 'tracestate without traceparent', headers: [['tracestate', 'foo=1,bar=2']], expect: 'new root' },

  accepts('sampled', VALID),
  accepts('not sampled', `00-${IDS}-00`, '00'),
  accepts('not sampled, random trace id', `00-${IDS}-02`, '02'),
  accepts('sampled, random trace id', `00-${IDS}-03`, '03'),
  accepts('unknown flags are cleared, sampled is kept', `00-${IDS}-09`, '01'),
  accepts('unknown flags are cleared, random is kept', `00-${IDS}-fe`, '02'),
  accepts('all flags', `00-${IDS}-ff`, '03'),
  accepts('space in front', ` ${VALID}`),
  accepts('tab in front', `\t${VALID}`),
  accepts('space behind', `${VALID} `),
  accepts('tab behind', `${VALID}\t`),
  accepts('tabs and spaces around', `\t ${VALID} \t`),
  { ...accepts('name in mixed case', VALID), headers: [['TrAcEpArEnT', VALID]] },
  { ...accepts('name in capitals', VALID), headers: [['TRACEPARENT', VALID]] },

  accepts('version 01', `01-${IDS}-01`),
  accepts('version cc', `cc-${IDS}-01`),
  accepts('version fe, random trace id', `fe-${IDS}-03`, '03'),
  accepts('later version with more fields', `cc-${IDS}-01-what-the-future-will-be-like`),
  accepts('later version with an empty further field', `cc-${IDS}-01-`),
  accepts('later version with unknown flags', `cc-${IDS}-0d`, '01'),
  rejects(
    'later version followed by something else than a dash',
    `cc-${IDS}-01.what-the-future-will-be-like`,
  ),
  rejects('later version with long flags', `cc-${IDS}-011`),
  rejects('later version cut short', `cc-${IDS}-0`),
  rejects('later version without flags', `cc-${IDS}`),

  rejects('empty', ''),
  rejects('version ff', `ff-${IDS}-01`),
  rejects('version ff with more fields', `ff-${IDS}-01-more`),
  rejects('version in capitals', `CC-${IDS}-01`),
  rejects('version with an illegal first character', `.0-${IDS}-01`),
  rejects('version with an illegal second character', `0.-${IDS}-01`),
  rejects('version of one digit', `0-${IDS}-01`),
  rejects('version of three digits', `000-${IDS}-01`),
  rejects('version of four digits', `0000-${IDS}-01`),
  rejects('version 00 with a dash behind', `${VALID}-`),
  rejects('version 00 with more fields', `${VALID}-what-the-future-will-be-like`),
  rejects('version 00 with a full stop behind', `${VALID}.`),

  rejects('trace id of zeros', `00-${'0'.repeat(32)}-${PARENT_ID}-01`),
  rejects('trace id in capitals', `00-${TRACE_ID.toUpperCase()}-${PARENT_ID}-01`),
  rejects('trace id with one capital', `00-4Bf92f3577b34da6a3ce929d0e0e4736-${PARENT_ID}-01`),
  rejects('trace id with an illegal first character', `00-.bf92f3577b34da6a3ce929d0e0e4736-${PARENT_ID}-01`),
  rejects('trace id with an illegal last character', `00-4bf92f3577b34da6a3ce929d0e0e473g-${PARENT_ID}-01`),
  rejects('trace id too long', `00-${TRACE_ID}0-${PARENT_ID}-01`),
  rejects('trace id too short', `00-${TRACE_ID.slice(1)}-${PARENT_ID}-01`),

  rejects('parent id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`),
  rejects('parent id in capitals', `00-${TRACE_ID}-00F067AA0BA902B7-01`),
  rejects('parent id with an illegal first character', `00-${TRACE_ID}-.0f067aa0ba902b7-01`),
  rejects('parent id with an illegal last character', `00-${TRACE_ID}-00f067aa0ba902b.-01`),
  rejects('parent id too long', `00-${TRACE_ID}-${PARENT_ID}0-01`),
  rejects('parent id too short', `00-${TRACE_ID}-${PARENT_ID.slice(1)}-01`),

  rejects('flags with an illegal first character', `00-${IDS}-.1`),
  rejects('flags with an illegal last character', `00-${IDS}-0.`),
  rejects('flags in capitals', `00-${IDS}-0A`),
  rejects('flags of one digit', `00-${IDS}-1`),
  rejects('flags of three digits', `00-${IDS}-001`),
  rejects('underscores for dashes', VALID.replaceAll('-', '_')),
  rejects('white space inside', `00-${TRACE_ID} -${PARENT_ID}-01`),
  rejects('in quotes', `"${VALID}"`),
  rejects('no-break space in front', `\u00a0${VALID}`),
  rejects('two in one field', `${VALID},${VALID}`),
  {
    name: 'traceparent: two fields, different',
    headers: [
      ['traceparent', VALID],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ['tracestate', 'foo=1'],
    ],
    expect: 'new root',
  },
  {
    name: 'traceparent: two fields, the same',
    headers: [
      ['traceparent', VALID],
      ['traceparent', VALID],
    ],
    expect: 'new root',
  },
  {
    name: 'traceparent: two fields of a later version with more fields',
    headers: [
      ['traceparent', `cc-${IDS}-01-more`],
      ['traceparent', `cc-${IDS}-01-more`],
    ],
    expect: 'new root',
  },
  { name: 'traceparent: misspelt with a dash', headers: [['trace-parent', VALID]], expect: 'new root' },
  { name: 'traceparent: misspelt with a full stop', headers: [['trace.parent', VALID]], expect: 'new root' },

  keeps('one member', 'rojo=00f067aa0ba902b7'),
  keeps('two members in their order', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'),
  {
    name: 'tracestate: with an unsampled traceparent',
    headers: [
      ['traceparent', `00-${IDS}-00`],
      ['tracestate', 'foo=1,bar=2'],
    ],
    expect: continued('00', 'foo=1,bar=2'),
  },
  {
    name: 'tracestate: with a traceparent of a later version',
    headers: [
      ['traceparent', `cc-${IDS}-01-more`],
      ['tracestate', 'foo=1'],
    ],
    expect: continued('01', 'foo=1'),
  },
  {
    name: 'tracestate: name in mixed case',
    headers: [
      ['traceparent', VALID],
      ['TraceState', 'foo=1'],
    ],
    expect: continued('01', 'foo=1'),
  },
  {
    name: 'tracestate: misspelt',
    headers: [
      ['traceparent', VALID],
      ['trace-state', 'foo=1'],
    ],
    expect: continued('01'),
  },
  keeps('several fields are one list', ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3']),
  keeps('empty field behind', ['foo=1', ''], 'foo=1'),
  keeps('empty field in front', ['', 'foo=1'], 'foo=1'),
  drops('empty field alone', ''),
  drops('nothing but commas and white space', ' ,\t, ,'),
  keeps('empty members', 'foo=1,, ,\t,bar=2,', 'foo=1,bar=2'),
  keeps('empty members do not count', `${',,,,'.repeat(20)}${members(32)}`, members(32)),
  keeps('white space around members', 'foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'),
  keeps('white space around the list', '\t foo=1 \t', 'foo=1'),
  keeps('spaces in front of a value belong to it', 'foo=  1'),
  keeps('spaces inside a value', 'foo=a b  c,bar=2'),
  keeps('all legal characters of a value', `foo=${ALL_VALUE_CHARACTERS}`),
  keeps('all legal characters of a key', `${ALL_KEY_CHARACTERS}=1`),
  keeps('key of one digit', '0=1'),
  keeps('key that begins with a digit', '3foo=1'),
  keeps('key of tenant and system', 'fw529a3039@dt=FfPDhaF2kw'),
  keeps('at sign at the end of a key', 'foo@=1,bar=2'),
  keeps('two at signs in a row', 'foo@@bar=1,bar=2'),
  keeps('two at signs apart', 'foo@bar@baz=1,bar=2'),
  keeps('tenant of 242 characters', `foo=1,${'t'.repeat(242)}@v=1`),
  keeps('system of 15 characters', `foo=1,t@${'v'.repeat(15)}=1`),
  keeps('key of 256 characters', `foo=1,${'z'.repeat(256)}=1`),
  keeps('tenant of 241 characters at a system of 14', `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`),
  keeps('value of 256 characters', `foo=${'v'.repeat(256)},bar=2`),
  keeps('32 members', members(32)),
  keeps('32 members in 32 fields', members(32).split(',')),
  keeps('more than 512 characters', `a=${'1'.repeat(250)},b=${'2'.repeat(250)},c=${'3'.repeat(250)}`),

  drops('33 members', members(33)),
  drops('33 members in two fields', [members(32), 'foo=1']),
  drops('key of 257 characters', `foo=1,${'z'.repeat(257)}=1`),
  drops('value of 257 characters', `foo=1,bar=${'v'.repeat(257)}`),
  drops('key twice, the same value', 'foo=1,foo=1'),
  drops('key twice, another value', 'foo=1,bar=2,foo=3'),
  drops('key twice in two fields', ['foo=1', 'foo=2']),
  drops('space behind a key', 'foo =1,bar=2'),
  drops('space inside a key', 'f oo=1,bar=2'),
  drops('capitals in a key', 'FOO=1,bar=2'),
  drops('full stop in a key', 'foo.bar=1,bar=2'),
  drops('key that begins with an at sign', '@foo=1,bar=2'),
  drops('key that begins with an underscore', '_foo=1,bar=2'),
  drops('no key', '=1,bar=2'),
  drops('no value', 'foo=,bar=3'),
  drops('value of spaces', 'foo=   ,bar=3'),
  drops('no equals sign', 'foo,bar=2'),
  drops('two equals signs', 'foo=bar=baz,bar=2'),
  drops('semicolon for a comma', 'foo=1;bar=2'),
  drops('tab inside a value', 'foo=a\tb,bar=2'),
  drops('character beyond ASCII in a value', 'foo=caf\u00e9,bar=2'),
  drops('no-break space around a member', 'foo=1,\u00a0bar=2'),
  drops('last of many members illegal', `${members(10)},Foo=1`),
];
