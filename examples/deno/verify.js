import { createRequire } from 'node:module';
import { verifyExample } from '@otel-middleware/example-verification';

const require = createRequire(import.meta.url);
const permissions = ['--no-prompt', '--allow-net=127.0.0.1', '--allow-env', '--allow-read', '--allow-sys'];

await verifyExample({
  cwd: import.meta.dirname,
  executable: require('deno/install_api.cjs').runInstall(),
  command: ['run', ...permissions, '--node-modules-dir=manual', 'server.js'],
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
