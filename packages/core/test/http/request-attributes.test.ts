import { describe, expect, test } from '@jest/globals';
import { compileHeaderCapture } from '../../src/http/headers.js';
import type { RequestAttributeRules, RequestLine } from '../../src/http/request-attributes.js';
import { requestAttributes } from '../../src/http/request-attributes.js';
import { queryRedaction } from '../../src/http/request-target.js';
import type { PlainRequest } from '../plain-http.js';
import { plainRequest } from '../plain-http.js';

const LINE: RequestLine = {
  method: 'GET',
  originalMethod: 'GET',
  protocolVersion: undefined,
  scheme: 'https',
  target: '/orders/42?a=1&sig=s',
  path: '/orders/42',
  route: undefined,
};
const RULES: RequestAttributeRules = {
  redactQuery: queryRedaction(),
  requestHeaders: undefined,
  optIn: new Set(),
};
const MINIMAL = {
  'http.request.method': 'GET',
  'url.path': '/orders/42',
  'url.query': 'a=1&sig=REDACTED',
  'url.scheme': 'https',
};

const attributesOf = (
  request: PlainRequest,
  line: Partial<RequestLine> = {},
  rules: Partial<RequestAttributeRules> = {},
) => requestAttributes(request, plainRequest, { ...LINE, ...line }, { ...RULES, ...rules });

test('a request that tells nothing has what every request has (attribute:start, attribute:no-nullish)', () => {
  expect(attributesOf({})).toStrictEqual(MINIMAL);
});

test('a request that tells all has all that samplers may want (attribute:start)', () => {
  const request: PlainRequest = {
    authority: 'api.example.com:8443',
    headers: { 'user-agent': ['curl/8'], accept: ['*/*'] },
    clientAddress: '203.0.113.7',
    peerAddress: '10.0.0.1',
    peerPort: 1234,
    protocolVersion: '1.1',
  };
  const requestHeaders = compileHeaderCapture(['accept'], 'http.request.header.', () => false);
  expect(attributesOf(request, { route: '/orders/:id' }, { requestHeaders })).toStrictEqual({
    ...MINIMAL,
    'server.address': 'api.example.com',
    'server.port': 8443,
    'client.address': '203.0.113.7',
    'user_agent.original': 'curl/8',
    'http.route': '/orders/:id',
    'http.request.header.accept': ['*/*'],
  });
});

test('the method as it came is added only if it is not what is recorded (span:method-other)', () => {
  expect(attributesOf({}, { method: '_OTHER', originalMethod: 'PURGE' })).toStrictEqual({
    ...MINIMAL,
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PURGE',
  });
});

test.each(['/orders/42', '/orders/42?'])('%j has no query (attribute:query)', (target) => {
  const { 'url.query': _, ...rest } = MINIMAL;
  expect(attributesOf({}, { target })).toStrictEqual(rest);
});

test.each<[string, PlainRequest]>([
  ['an authority that is not valid', { authority: 'a b' }],
  ['an empty authority', { authority: '' }],
  ['an empty user agent', { headers: { 'user-agent': [''] } }],
  ['an empty client address', { clientAddress: '' }],
])('%s is left out (attribute:no-nullish)', (_name, request) => {
  expect(attributesOf(request)).toStrictEqual(MINIMAL);
});

test('an authority without a port has none (attribute:host)', () => {
  expect(attributesOf({ authority: '[::1]' })).toStrictEqual({ ...MINIMAL, 'server.address': '::1' });
});

describe('what has to be opted in to', () => {
  test.each([
    ['client.port', 40_001],
    ['network.local.address', '192.0.2.10'],
    ['network.local.port', 8080],
    ['network.transport', 'tcp'],
  ])('%s is %j, and only it is added (attribute:opt-in)', (name, value) => {
    expect(attributesOf({}, {}, { optIn: new Set([name]) })).toStrictEqual({ ...MINIMAL, [name]: value });
  });

  test.each([
    ['Googlebot/2.1 (+http://www.google.com/bot.html)', 'bot'],
    ['Mozilla/5.0 (compatible; YandexBot/3.0)', 'bot'],
    ['Baiduspider+', 'bot'],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36; AlwaysOn', 'test'],
    ['Pingdom.com_bot_version_1.4', 'test'],
    ['Mozilla/5.0 (X11; Linux) Firefox/130.0', undefined],
    ['curl/8', undefined],
    ['', undefined],
  ])('the user agent %j is %j (attribute:synthetic)', (userAgent, type) => {
    const optIn = new Set(['user_agent.synthetic.type']);
    const { 'user_agent.synthetic.type': found, ...rest } = attributesOf(
      { headers: { 'user-agent': [userAgent] } },
      {},
      { optIn },
    );
    expect(found).toBe(type);
    expect('user_agent.synthetic.type' in rest).toBe(false);
  });

  test('a getter that knows none of it adds nothing (attribute:opt-in)', () => {
    const { clientPort, localAddress, localPort, transport, ...silent } = plainRequest;
    const optIn = new Set([
      'client.port',
      'network.local.address',
      'network.local.port',
      'network.transport',
      'user_agent.synthetic.type',
    ]);
    expect(requestAttributes({}, silent, LINE, { ...RULES, optIn })).toStrictEqual(MINIMAL);
  });
});
