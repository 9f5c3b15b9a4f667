import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clients } from './clients.js';
import { reached, unreached } from './expected.js';
import { closedUrl, Origin } from './origin.js';
import { rejection, traced, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());

const ERROR = 2;
const QUERY = '?token=s3cret&q=1';

describe.each(clients)('$name', (client) => {
  const onNode = ['node:http', 'axios', 'got'].includes(client.name);

  test.each([400, 404, 500, 503])(
    '[client:errors] %d is an error by its code, and no exception',
    async (status) => {
      const url = `${origin.url}/status?code=${status}`;
      const { result, spans, durations } = await traced(client, (ask) => ask(url));
      expect(result.status).toBe(status);
      expect(spans).toEqual([
        {
          name: 'GET',
          kind: 'CLIENT',
          attributes: reached(client, url, { status }),
          status: { code: ERROR },
          exceptions: [],
        },
      ]);
      expect(durations.map(([of]) => of['error.type'])).toEqual([String(status)]);
    },
  );

  /** The connection, as undici shows it before there is a response; Node shows it with the response only. */
  const connection = (url: string) =>
    Object.fromEntries(
      Object.entries(reached(client, url)).filter(([name]) => name.startsWith('network.') && !onNode),
    );

  /** Asks for what fails, and expects the failure on span and metric: its type, and one exception without the query. */
  async function expectFailure(
    url: string,
    type: string,
    message: string | RegExp,
    { connected = false, timeout }: { connected?: boolean; timeout?: number } = {},
  ): Promise<void> {
    const { result, spans, durations } = await traced(client, (ask) =>
      rejection(ask(url + QUERY, { ...(timeout && { timeout }) })),
    );
    expect(result).toHaveProperty('message');
    const text = typeof message === 'string' ? message : expect.stringMatching(message);
    const of = { 'error.type': type, ...(connected && connection(url)) };
    expect(spans).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        attributes: unreached(url, { url: url + QUERY, attributes: of }),
        status: { code: ERROR, message: text },
        exceptions: [[expect.stringMatching(/^\w*Error$/), text]],
      },
    ]);
    expect(JSON.stringify([spans[0]?.status, spans[0]?.exceptions])).not.toContain('s3cret');
    expect(durations.map(([measured, count]) => [measured['error.type'], count])).toEqual([[type, 1]]);
  }

  test('[client:errors] a refused connection', async () => {
    const url = await closedUrl();
    await expectFailure(`${url}/a`, 'ECONNREFUSED', `connect ECONNREFUSED ${url.slice('http://'.length)}`);
  });

  test('[client:errors] a name that does not resolve', async () => {
    await expectFailure('http://nowhere.invalid/a', 'ENOTFOUND', 'getaddrinfo ENOTFOUND nowhere.invalid');
  });

  test('[client:errors] a certificate that nobody has signed', async () => {
    const tls = await Origin.start('https');
    await expectFailure(`${tls.url}/a`, 'DEPTH_ZERO_SELF_SIGNED_CERT', /^self-signed certificate/);
    await tls.close();
  });

  test('[client:errors] a reset connection', async () => {
    await expectFailure(`${origin.url}/reset`, 'ECONNRESET', 'read ECONNRESET', { connected: true });
  });

  test('[client:errors] a connection that is closed without an answer', async () => {
    if (onNode)
      await expectFailure(`${origin.url}/close`, 'ECONNRESET', 'socket hang up', { connected: true });
    else await expectFailure(`${origin.url}/close`, 'SocketError', 'other side closed', { connected: true });
  });

  test('[client:errors] a timeout of the client', async () => {
    const [type, message] = {
      'undici.request': ['HeadersTimeoutError', 'Headers Timeout Error'] as const,
      'node:http': ['ECONNRESET', 'socket hang up'] as const,
      axios: ['AxiosError', 'timeout of 40ms exceeded'] as const,
      got: ['TimeoutError', "Timeout awaiting 'request' for 40ms"] as const,
    }[client.name] ?? ['TimeoutError', 'The operation was aborted due to timeout'];
    await expectFailure(`${origin.url}/slow`, type, message, { connected: true, timeout: 40 });
  });

  test('[client:errors] a signal that times out is an error too, where the client passes its reason on', async () => {
    const signal = AbortSignal.timeout(40);
    const { spans } = await traced(client, (ask) => rejection(ask(`${origin.url}/slow`, { signal })));
    const passesOn = client.name !== 'axios' && client.name !== 'got';
    expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual([
      passesOn ? 'TimeoutError' : undefined,
    ]);
  });

  test.each([
    ['without a reason', undefined],
    ['with an error for a reason', new RangeError('changed my mind')],
    ['with a word for a reason', 'changed my mind'],
  ])("[client:errors] the caller's own abort %s is none", async (_, reason) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 30);
    const url = `${origin.url}/slow`;
    const { spans, durations } = await traced(client, (ask) =>
      rejection(ask(url, { signal: controller.signal })),
    );
    expect(spans).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        attributes: unreached(url, { attributes: connection(url) }),
        status: { code: 0 },
        exceptions: [],
      },
    ]);
    expect(durations.map(([of]) => [of['error.type'], of['http.response.status_code']])).toEqual([
      [undefined, undefined],
    ]);
  });

  test('[client:errors] what happens to the body is not in the span, which ends with the head', async () => {
    const url = `${origin.url}/half`;
    const { result, spans } = await traced(client, (ask) => rejection(ask(url)));
    expect(result).toHaveProperty('message');
    expect(spans).toEqual([
      { name: 'GET', kind: 'CLIENT', attributes: reached(client, url), status: { code: 0 }, exceptions: [] },
    ]);
  });
});
