import { createServer } from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { closeServers, send, serve } from '@otel-middleware/testbed/node-server';
import type { NodeRequest } from '../src/index.js';
import { forwardedBy, nodeRequest } from '../src/index.js';

afterEach(closeServers);

test('proxies are trusted per request, as frameworks decide, and only then believed (attribute:proxy-trusted, attribute:proxy-untrusted)', async () => {
  const getter = nodeRequest<NodeRequest>(
    (request) => request,
    forwardedBy(({ url }) => (url === '/trusted' ? () => true : undefined)),
  );
  const seen: unknown[] = [];
  const port = await serve(
    createServer((request, response) => {
      seen.push([
        getter.scheme(request),
        getter.authority(request),
        getter.clientAddress?.(request),
        getter.clientPort?.(request) === request.socket.remotePort ? 'its own' : getter.clientPort?.(request),
        getter.peerAddress?.(request),
      ]);
      response.end();
    }),
  );
  const headers = {
    Host: 'direct',
    'X-Forwarded-For': '203.0.113.7:4711',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'shop.example',
  };
  await send(port, '/trusted', { headers });
  await send(port, '/', { headers });
  await send(port, '/trusted', {
    headers: { Host: 'direct', 'X-Forwarded-For': 'nonsense', 'X-Forwarded-Proto': 'nonsense' },
  });
  await send(port, '/trusted', {
    headers: { Host: 'direct', Forwarded: 'for="[2001:db8::1]:80";proto=https;host="a:1"' },
  });
  expect(seen).toEqual([
    ['https', 'shop.example', '203.0.113.7', 4711, '127.0.0.1'],
    ['http', 'direct', '127.0.0.1', 'its own', '127.0.0.1'],
    ['http', 'direct', '127.0.0.1', 'its own', '127.0.0.1'],
    ['https', 'a:1', '2001:db8::1', 80, '127.0.0.1'],
  ]);
});
