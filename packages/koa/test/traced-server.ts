import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { afterEach } from '@jest/globals';
import type { Ask } from '@otel-middleware/testbed/ask';
import { askServer } from '@otel-middleware/testbed/ask';
import { forgetSpans } from '@otel-middleware/testbed/recorded-spans';

export { endedSpans, tracerProvider } from '@otel-middleware/testbed/recorded-spans';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  forgetSpans();
});

/** Serves a listener on a loopback port until the test ends. */
export async function serve(listener: RequestListener): Promise<Ask> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return askServer(server);
}
