import { createRequire } from 'node:module';
import { join } from 'node:path';
import { verifyExample } from '@otel-middleware/example-verification';

const require = createRequire(import.meta.url);

await verifyExample({
  cwd: import.meta.dirname,
  executable: join(require.resolve('bun/package.json'), '../bin/bun.exe'),
  command: ['run', 'server.js'],
  serviceName: 'orders',
  async requests(url) {
    await fetch(`${url}/orders/42?expand=items`, { headers: { 'x-tenant-id': 'acme' } });
    await fetch(`${url}/nowhere`);
    await fetch(`${url}/healthz`);
  },
  expected: `
SERVER GET /orders/:id  [orders]  http.request.header.x-tenant-id=["acme"]  http.response.status_code=200  http.route="/orders/:id"
SERVER GET  [orders]  http.response.status_code=404`,
});
