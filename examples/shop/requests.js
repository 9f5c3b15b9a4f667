/** The requests of the demo, by the service they go to. */
const REQUESTS = [
  [
    'gateway',
    '/tenants/acme/orders/42?expand=price&sig=secret',
    { 'x-tenant-id': 'acme', authorization: 'Bearer secret' },
  ],
  ['gateway', '/tenants/acme/orders/43'],
  ['gateway', '/tenants/acme/orders/44'],
  ['gateway', '/tenants/acme/news'],
  ['gateway', '/nowhere'],
  ...['gateway', 'orders', 'pricing', 'inventory'].map((service) => [service, '/healthz']),
];

/** Sends all requests, one after the other; returns a line for each. */
export async function sendRequests(services) {
  const lines = [];
  for (const [service, path, headers = {}] of REQUESTS) {
    const response = await fetch(services[service].url + path, { headers });
    const [text] = (await response.text()).split('\n');
    lines.push(`${response.status}  ${service.padEnd(9)}  GET ${path}  →  ${text}`);
  }
  return lines;
}

const PASSED_ON = (status) => `
SERVER GET /tenants/:tenant/orders/:id  [gateway]${status >= 500 ? `  ERROR  error.type="${status}"` : ''}  http.response.status_code=${status}  http.route="/tenants/:tenant/orders/:id"
└─ CLIENT GET  [gateway]  ERROR  error.type="${status}"  http.response.status_code=${status}
   └─ SERVER GET /tenants/:tenant/orders/:id  [orders]${status >= 500 ? `  ERROR  error.type="${status}"` : ''}  http.response.status_code=${status}  http.route="/tenants/:tenant/orders/:id"
      └─ INTERNAL compute_total  [orders]`;

/** Every span that these requests make, with the parents that it has across the services. */
export const EXPECTED_TRACES = `
SERVER GET /tenants/:tenant/orders/:id  [gateway]  http.request.header.authorization=["[REDACTED]"]  http.request.header.x-tenant-id=["acme"]  http.response.status_code=200  http.route="/tenants/:tenant/orders/:id"
└─ CLIENT GET  [gateway]  http.response.status_code=200
   └─ SERVER GET /tenants/:tenant/orders/:id  [orders]  http.response.status_code=200  http.route="/tenants/:tenant/orders/:id"
      └─ INTERNAL compute_total  [orders]
         ├─ CLIENT GET  [orders]  http.response.status_code=200
         │  └─ SERVER GET /prices/:item  [pricing]  http.response.status_code=200  http.route="/prices/:item"
         └─ CLIENT GET  [orders]  http.response.status_code=200
            └─ SERVER GET /stock/:item  [inventory]  http.response.status_code=200  http.route="/stock/:item"
INTERNAL send_confirmation  [orders]  → [orders] GET /tenants/:tenant/orders/:id${PASSED_ON(409)}
         ├─ CLIENT GET  [orders]  http.response.status_code=200
         │  └─ SERVER GET /prices/:item  [pricing]  http.response.status_code=200  http.route="/prices/:item"
         └─ CLIENT GET  [orders]  http.response.status_code=200
            └─ SERVER GET /stock/:item  [inventory]  http.response.status_code=200  http.route="/stock/:item"${PASSED_ON(502)}
         └─ CLIENT GET  [orders]  ERROR  error.type="500"  http.response.status_code=500
            └─ SERVER GET /prices/:item  [pricing]  ERROR  error.type="500"  http.response.status_code=500  http.route="/prices/:item"
SERVER GET /tenants/:tenant/news  [gateway]  http.response.status_code=200  http.route="/tenants/:tenant/news"
SERVER GET  [gateway]  http.response.status_code=404`.trim();

/** The number of measurements of each service, by direction, route and status; for clients, of each server that they asked. */
export const EXPECTED_COUNTS = [
  'gateway client 200 ×1',
  'gateway client 409 ×1',
  'gateway client 502 ×1',
  'gateway server (none) 404 ×1',
  'gateway server /tenants/:tenant/news 200 ×1',
  'gateway server /tenants/:tenant/orders/:id 200 ×1',
  'gateway server /tenants/:tenant/orders/:id 409 ×1',
  'gateway server /tenants/:tenant/orders/:id 502 ×1',
  'inventory server /stock/:item 200 ×2',
  'orders client 200 ×2',
  'orders client 200 ×2',
  'orders client 500 ×1',
  'orders server /tenants/:tenant/orders/:id 200 ×1',
  'orders server /tenants/:tenant/orders/:id 409 ×1',
  'orders server /tenants/:tenant/orders/:id 502 ×1',
  'pricing server /prices/:item 200 ×2',
  'pricing server /prices/:item 500 ×1',
];
