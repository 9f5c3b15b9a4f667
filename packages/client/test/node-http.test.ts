import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import http, { createServer } from 'node:http';
import type { RequestOptions } from 'node:https';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Diagnostics, Telemetry } from '@otel-middleware/conformance';
import axios from 'axios';
import { instrumentHttpClients } from '../src/index.js';
import { certificate } from './certificate.js';
import { reached, unreached } from './expected.js';
import { Origin } from './origin.js';
import { recorded, recordingTo, rejection, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());

const diagnostics = new Diagnostics();
beforeEach(() => {
  diagnostics.register();
  origin.received.length = 0;
});
afterEach(() => diagnostics.unregister());

const shown = { showsConnection: true };
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const nodePublishes = major > 22 || (major === 22 && minor >= 12);

/** Runs with all clients of the process instrumented. */
async function instrumented<T>(run: () => Promise<T>) {
  const telemetry = new Telemetry();
  const { disable } = instrumentHttpClients(recordingTo(telemetry));
  return recorded(telemetry, run).finally(disable);
}

/** Sends a request and reads its answer; `meanwhile` is called with it before its end. */
async function send(
  url: string,
  options: RequestOptions = {},
  meanwhile: (request: ClientRequest) => void = () => {},
) {
  const request = (url.startsWith('https:') ? https : http).request(url, options);
  meanwhile(request);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}

test('[client:span] a request over TLS with an authority of its own', async () => {
  const tls = await Origin.start('https');
  const { spans } = await instrumented(() => send(`${tls.url}/ok`, { ca: certificate.cert }));
  await tls.close();
  expect(spans.map(({ attributes }) => attributes)).toEqual([reached(shown, `${tls.url}/ok`)]);
});

test('[client:span] the host is that of the Host header', async () => {
  const { spans } = await instrumented(() =>
    send(`${origin.url}/ok`, { headers: { Host: 'shop.example:8443' } }),
  );
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    {
      ...reached(shown, `${origin.url}/ok`, { url: 'http://shop.example:8443/ok' }),
      'server.address': 'shop.example',
      'server.port': 8443,
    },
  ]);
});

test('[client:span] a request to a proxy names the target, not the proxy', async () => {
  const { spans } = await instrumented(() =>
    axios.get('http://shop.example/ok?sig=1', {
      proxy: { protocol: 'http', host: '127.0.0.1', port: origin.port },
    }),
  );
  const peer = reached(shown, `${origin.url}/ok`);
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    {
      ...peer,
      'server.address': 'shop.example',
      'server.port': 80,
      'url.full': 'http://shop.example/ok?sig=REDACTED',
    },
  ]);
});

test('[client:span] OPTIONS * asks the server as a whole', async () => {
  const { spans } = await instrumented(() => send(origin.url, { method: 'OPTIONS', path: '*' }));
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    reached(shown, origin.url, { method: 'OPTIONS' }),
  ]);
  expect(origin.received.map(({ target }) => target)).toEqual(['*']);
});

test('[client:span] a UNIX socket has no peer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'client-'));
  const socketPath = join(folder, 'http.sock');
  const server = createServer((_, response) => response.end('ok')).listen(socketPath);
  await once(server, 'listening');
  const { spans } = await instrumented(() => send('http://localhost/ok', { socketPath }));
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
  const attributes = { 'http.response.status_code': 200, 'network.protocol.version': '1.1' };
  expect(spans.map((span) => span.attributes)).toEqual([unreached('http://localhost/ok', { attributes })]);
});

test('[client:span] a switch of protocols ends the span with its status', async () => {
  const { spans } = await instrumented(async () => {
    const request = http.get(`${origin.url}/socket`, { headers: { connection: 'upgrade', upgrade: 'echo' } });
    const [, socket] = await once(request, 'upgrade');
    socket.destroy();
  });
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    reached(shown, `${origin.url}/socket`, { status: 101 }),
  ]);
});

test('[client:nested] a tunnel is no request', async () => {
  const { spans } = await instrumented(async () => {
    const request = http.request({
      host: '127.0.0.1',
      port: origin.port,
      method: 'CONNECT',
      path: 'shop.example:443',
    });
    request.end();
    const [response, socket] = await once(request, 'connect');
    socket.destroy();
    expect(response.statusCode).toBe(200);
  });
  expect(spans).toEqual([]);
});

describe('headers that are written before anyone can see them', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

  test('[client:span] given as an array, they go out as they are, and the span is whole', async () => {
    const headers = ['Host', `127.0.0.1:${origin.port}`, 'X-Tenant-Id', 'acme', 'traceparent', traceparent];
    const telemetry = new Telemetry();
    const { disable } = instrumentHttpClients({
      ...recordingTo(telemetry),
      captureRequestHeaders: ['x-tenant-id'],
    });
    const { spans } = await recorded(telemetry, () =>
      send(`${origin.url}/ok`, { headers: headers as never }),
    );
    disable();
    const attributes = { 'http.request.header.x-tenant-id': ['acme'] };
    expect(spans.map((span) => span.attributes)).toEqual([
      reached(shown, `${origin.url}/ok`, { attributes }),
    ]);
    expect(origin.received.map((received) => received.headers.traceparent)).toEqual([traceparent]);
  });

  test('[client:span] with an Expect among them, likewise', async () => {
    const headers = { Expect: '100-continue' };
    const { spans } = await instrumented(() => send(`${origin.url}/ok`, { method: 'POST', headers }));
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      reached(shown, `${origin.url}/ok`, { method: 'POST' }),
    ]);
  });
});

describe('a request that its caller destroys', () => {
  const failing = (meanwhile: (request: ClientRequest) => void) =>
    instrumented(() => rejection(send(`${origin.url}/slow`, {}, meanwhile)));

  test.each<[string, (request: ClientRequest) => void]>([
    ['before it has a socket', (request) => request.destroy()],
    ['while it waits', (request) => void setTimeout(() => request.destroy(), 30)],
    ['by the old name', (request) => void setTimeout(() => request.abort(), 30)],
  ])('[client:errors] %s is no error', async (_, meanwhile) => {
    const { spans } = await failing(meanwhile);
    expect(spans).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        attributes: unreached(`${origin.url}/slow`),
        status: { code: 0 },
        exceptions: [],
      },
    ]);
  });

  test('[client:errors] by the old name before it has a socket is told by no error, and none either', async () => {
    const { spans } = await instrumented(async () => {
      const request = http.get(`${origin.url}/slow`);
      request.abort();
      await once(request, 'close');
    });
    expect(spans.map(({ attributes, status }) => [attributes, status])).toEqual([
      [unreached(`${origin.url}/slow`), { code: 0 }],
    ]);
  });

  test('[client:errors] with an error has failed with it', async () => {
    const { spans } = await failing(
      (request) => void setTimeout(() => request.destroy(new RangeError('too large')), 30),
    );
    expect(spans.map(({ attributes, exceptions }) => [attributes['error.type'], exceptions])).toEqual([
      ['RangeError', [['RangeError', 'too large']]],
    ]);
  });

  test('[client:errors] with an error whose properties throw has failed with it', async () => {
    const hostile = Object.defineProperty(new RangeError('too large'), 'code', {
      get: () => {
        throw new Error('no');
      },
    });
    const { result, spans } = await failing((request) => void setTimeout(() => request.destroy(hostile), 30));
    expect(result).toBe(hostile);
    expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual(['RangeError']);
  });
});

describe('a request with an agent of its own', () => {
  const own = () => send(`${origin.url}/ok`, { agent: new http.Agent() });

  test('[client:span] is traced where Node publishes it, else one warning tells how to have it traced', async () => {
    const { spans } = await instrumented(async () => [await own(), await own()]);
    expect(spans).toHaveLength(nodePublishes ? 2 : 0);
    const warning = expect.stringMatching(
      /agent of its own is not traced.*Update Node, or leave the agent out\.$/,
    );
    expect(diagnostics.take()).toEqual(nodePublishes ? [] : [warning]);
  });

  test('[client:nested] is passed over in silence where it would not be traced anyway', async () => {
    const telemetry = new Telemetry();
    const { disable } = instrumentHttpClients({ ...recordingTo(telemetry), excludedUrls: 'ok' });
    await own();
    disable();
    expect([telemetry.ended, diagnostics.take()]).toEqual([[], []]);
  });
});
