import { verifyExample } from '@otel-middleware/example-verification';

await verifyExample({
  cwd: import.meta.dirname,
  command: ['--import', '@otel-middleware/sdk/register', 'server.js'],
  serviceName: 'orders',
  async requests(url) {
    await fetch(`${url}/tenants/acme/orders/42?expand=items`, { headers: { 'x-tenant-id': 'acme' } });
    await (await fetch(`${url}/tenants/acme/events`)).text();
    await fetch(`${url}/tenants/acme/broken`);
    await fetch(`${url}/tenants/acme/nowhere`);
    await fetch(`${url}/healthz`);
  },
  expected: `
SERVER GET /tenants/:tenant/orders/:id  [orders]  http.request.header.x-tenant-id=["acme"]  http.response.status_code=200  http.route="/tenants/:tenant/orders/:id"
└─ INTERNAL compute_total  [orders]
SERVER GET /tenants/:tenant/events  [orders]  http.response.status_code=200  http.route="/tenants/:tenant/events"
SERVER GET /tenants/:tenant/broken  [orders]  ERROR  error.type="500"  http.response.status_code=500  http.route="/tenants/:tenant/broken"
SERVER GET  [orders]  http.response.status_code=404`,
});
