import { expect } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import type { HttpServerOptions } from '@otel-middleware/core';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { Exchange } from '../../expect/exchange.js';
import type { EndpointName } from '../../fixture/endpoints.js';
import type { Requires, Start } from '../register-tests.js';

const SERVER_REQUEST = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST';
const SERVER_RESPONSE = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE';
const SANITIZE = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS';

interface Case {
  readonly options?: HttpServerOptions<unknown, unknown>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly endpoint?: EndpointName;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The header attributes that the span must have, and no others. */
  readonly captured: Attributes;
}

async function expectCaptured(start: Start, one: Case): Promise<Exchange> {
  const { options = {}, variables = {}, endpoint = 'headers', headers = {}, captured } = one;
  const app = await withVariables(variables, () => start({ options }));
  const exchange = await app.ask(endpoint, { headers });
  expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: captured })]);
  return exchange;
}

/** Captured headers. */
export function header(requires: Requires): void {
  const captures = (id: string, behaviour: string, one: Case): void =>
    requires(id, behaviour, async ({ start }) => void (await expectCaptured(start, one)));

  captures('header:capture', 'names are whole and case does not matter', {
    options: {
      captureRequestHeaders: ['X-Tenant-Id', 'tenant'],
      captureResponseHeaders: ['X-SHELF', 'shelf'],
    },
    headers: { 'x-tenant-ID': 'acme', 'X-Tenant-Id-Old': 'none' },
    captured: { 'http.request.header.x-tenant-id': ['acme'], 'http.response.header.x-shelf': ['top'] },
  });
  captures('header:capture', 'regular expressions match whole names', {
    options: { captureRequestHeaders: ['x-tenant-.*', /X-Plan/], captureResponseHeaders: ['x-sh..f'] },
    headers: {
      'X-Tenant-Id': 'acme',
      'X-Tenant-Name': 'Acme',
      'X-Plan': 'gold',
      'X-Plan-Old': 'tin',
      'Y-X-Tenant-Id': 'no',
    },
    captured: {
      'http.request.header.x-tenant-id': ['acme'],
      'http.request.header.x-tenant-name': ['Acme'],
      'http.request.header.x-plan': ['gold'],
      'http.response.header.x-shelf': ['top'],
    },
  });
  captures('header:capture', 'the environment selects too', {
    variables: { [SERVER_REQUEST]: 'x-tenant-id, x-plan.*', [SERVER_RESPONSE]: 'X-Shelf' },
    headers: { 'X-Tenant-Id': 'acme', 'X-Plan-B': 'gold' },
    captured: {
      'http.request.header.x-tenant-id': ['acme'],
      'http.request.header.x-plan-b': ['gold'],
      'http.response.header.x-shelf': ['top'],
    },
  });
  captures('header:capture', 'the option beats the environment', {
    options: { captureRequestHeaders: ['x-plan'], captureResponseHeaders: ['x-shelf'] },
    variables: { [SERVER_REQUEST]: 'x-tenant-id', [SERVER_RESPONSE]: 'cache-control' },
    headers: { 'X-Tenant-Id': 'acme', 'X-Plan': 'gold' },
    captured: { 'http.request.header.x-plan': ['gold'], 'http.response.header.x-shelf': ['top'] },
  });
  captures('header:capture', 'an empty list switches the environment off', {
    options: { captureRequestHeaders: [], captureResponseHeaders: [] },
    variables: { [SERVER_REQUEST]: '.*', [SERVER_RESPONSE]: '.*' },
    headers: { 'X-Tenant-Id': 'acme' },
    captured: {},
  });
  captures('header:capture', 'headers of a raw response are captured', {
    options: { captureResponseHeaders: ['x-shelf', 'content-.*'] },
    endpoint: 'rawWrite',
    captured: {
      'http.response.header.x-shelf': ['raw'],
      'http.response.header.content-type': ['text/plain'],
    },
  });
  captures('header:key', 'dashes are kept', {
    options: { captureRequestHeaders: ['X-Tenant-Id', 'x_tenant_id'] },
    headers: { 'X-Tenant-Id': 'dash', X_Tenant_Id: 'underscore' },
    captured: {
      'http.request.header.x-tenant-id': ['dash'],
      'http.request.header.x_tenant_id': ['underscore'],
    },
  });
  captures('header:values', 'repeated fields are elements, and a comma does not split one', {
    options: {
      captureRequestHeaders: ['x-tag', 'accept'],
      captureResponseHeaders: ['set-cookie', 'cache-control'],
      sanitizeHeaders: { replaceDefaults: true, names: [] },
    },
    headers: { 'X-Tag': ['a', 'b, c'], Accept: 'text/html, text/plain' },
    captured: {
      'http.request.header.x-tag': ['a', 'b, c'],
      'http.request.header.accept': ['text/html, text/plain'],
      'http.response.header.set-cookie': ['a=1; Path=/', 'b=2'],
      'http.response.header.cache-control': ['no-store, private'],
    },
  });
  captures('header:values', 'bytes beyond ASCII do no harm', {
    options: { captureRequestHeaders: ['x-name'] },
    headers: { 'X-Name': 'caf\u00e9 \u00ff' },
    captured: { 'http.request.header.x-name': ['caf\u00e9 \u00ff'] },
  });

  const secrets = {
    Authorization: 'Bearer sesame',
    'Proxy-Authorization': 'Basic sesame',
    Cookie: 'session=sesame',
    'X-Api-Key': 'sesame',
    'X-Auth-Token': 'sesame',
    'X-Amz-Security-Token': 'sesame',
    'X-Csrf-Token': 'sesame',
  };
  requires('header:sanitize', 'credentials are redacted by default, under any capture', async ({ start }) => {
    const app = await start({ options: { captureRequestHeaders: ['.*'], captureResponseHeaders: ['.*'] } });
    await app.ask('headers', { headers: { ...secrets, 'X-Author': 'Ann' } });
    const [served] = await app.spans(1);
    const attributes = served?.attributes ?? {};
    const redacted = Object.keys(secrets).map((name) => `http.request.header.${name.toLowerCase()}`);
    for (const name of redacted) expect({ [name]: attributes[name] }).toEqual({ [name]: ['[REDACTED]'] });
    expect(attributes['http.response.header.set-cookie']).toEqual(['[REDACTED]', '[REDACTED]']);
    expect(attributes['http.response.header.x-request-token']).toEqual(['[REDACTED]']);
    expect(attributes['http.request.header.x-author']).toEqual(['Ann']);
    expect(JSON.stringify(attributes)).not.toContain('sesame');
  });
  captures('header:sanitize', 'option and environment add to the defaults', {
    options: { captureRequestHeaders: ['x-.*', 'cookie'], sanitizeHeaders: ['x-tenant-id', /plan$/] },
    variables: { [SANITIZE]: 'x-ssn' },
    headers: { 'X-Tenant-Id': 'acme', 'X-Plan': 'gold', 'X-Ssn': '123', 'X-Shelf': 'top', Cookie: 'a=1' },
    captured: {
      'http.request.header.x-tenant-id': ['[REDACTED]'],
      'http.request.header.x-plan': ['[REDACTED]'],
      'http.request.header.x-ssn': ['[REDACTED]'],
      'http.request.header.x-shelf': ['top'],
      'http.request.header.cookie': ['[REDACTED]'],
    },
  });
  captures('header:sanitize', 'an empty list or entry lifts nothing and redacts nothing else', {
    options: { captureRequestHeaders: ['x-shelf', 'cookie'], sanitizeHeaders: [] },
    variables: { [SANITIZE]: ', ' },
    headers: { 'X-Shelf': 'top', Cookie: 'a=1' },
    captured: { 'http.request.header.x-shelf': ['top'], 'http.request.header.cookie': ['[REDACTED]'] },
  });
  captures('header:sanitize', 'only an explicit setting lifts the defaults', {
    options: {
      captureRequestHeaders: ['x-shelf', 'cookie'],
      sanitizeHeaders: { replaceDefaults: true, names: ['x-shelf'] },
    },
    headers: { 'X-Shelf': 'top', Cookie: 'a=1' },
    captured: { 'http.request.header.x-shelf': ['[REDACTED]'], 'http.request.header.cookie': ['a=1'] },
  });

  requires('header:sampler', 'samplers see captured headers, sanitised', async ({ start }) => {
    const app = await start({ options: { captureRequestHeaders: ['x-tenant-.*', 'cookie'] } });
    const exchange = await app.ask('order', { headers: { 'X-Tenant-Id': 'acme', Cookie: 'a=1' } });
    await app.spans(1);
    expect(app.telemetry.sampled).toEqual([
      {
        ...app.expectedAtStart(exchange),
        'http.request.header.x-tenant-id': ['acme'],
        'http.request.header.cookie': ['[REDACTED]'],
      },
    ]);
  });
}
