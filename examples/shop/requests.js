/** The requests of the demo, and what has to arrive of each: names of its spans from the outermost in, or none. */
export const REQUESTS = [
  {
    path: '/tenants/acme/orders/42/total?expand=price&sig=secret',
    headers: { 'x-tenant-id': 'acme', authorization: 'Bearer secret' },
    spans: [
      'SERVER GET /tenants/:tenant/orders/:id/total',
      'INTERNAL compute_total',
      'SERVER GET /price/:id',
    ],
  },
  {
    path: '/tenants/acme/orders/99/total',
    spans: [
      'SERVER GET /tenants/:tenant/orders/:id/total',
      'INTERNAL compute_total',
      'SERVER GET /price/:id',
    ],
  },
  { path: '/tenants/acme/nowhere', spans: ['SERVER GET'] },
  { path: '/healthz', spans: [] },
];

/** Sends all requests, one after the other, and returns what the service answered. */
export async function sendRequests(url) {
  const answers = [];
  for (const { path, headers = {} } of REQUESTS) {
    const response = await fetch(url + path, { headers });
    answers.push(`GET ${path} → ${response.status} ${(await response.text()).slice(0, 60).split('\n')[0]}`);
  }
  return answers;
}
