import { verifyExample } from '@otel-middleware/example-verification';

await verifyExample({
  cwd: import.meta.dirname,
  command: ['serve.js'],
  serviceName: 'orders',
  async requests(url) {
    const headers = { 'cf-connecting-ip': '203.0.113.9' };
    await (await fetch(`${url}/orders/42?expand=items`, { headers })).text();
    await (await fetch(`${url}/events`)).text();
    await (await fetch(`${url}/nowhere`)).text();
    await (await fetch(`${url}/healthz`)).text();
  },
  expected: `
SERVER GET /orders/:id  [orders]  http.response.status_code=200  http.route="/orders/:id"
└─ INTERNAL compute_total  [orders]
SERVER GET /events  [orders]  http.response.status_code=200  http.route="/events"
SERVER GET  [orders]  http.response.status_code=404`,
});
