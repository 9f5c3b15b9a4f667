// What is asked, and how telemetry and application are set up for it.

/** A `traceparent` but for its flags. */
export const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const USER = '/users/42?verbose=1';
const SAMPLED = { traceparent: `${TRACE}-01` };

export const scenarios = {
  sampled: { path: USER, headers: SAMPLED },
  root: { path: USER, headers: {} },
  unsampled: { path: USER, headers: { traceparent: `${TRACE}-00` } },
  'always-off': { path: USER, headers: {}, sampler: 'off' },
  excluded: { path: '/healthz', headers: SAMPLED, excluded: 'healthz' },
  'no-sdk': { path: USER, headers: SAMPLED, sdk: false },
  headers: {
    path: USER,
    headers: { ...SAMPLED, 'x-tenant-id': 'acme', 'x-request-id': 'f3b1', accept: 'application/json' },
    capture: ['x-tenant-id', 'x-request-id', 'accept', 'user-agent', 'host'],
  },
  'deep-route': {
    path: '/v1/tenants/acme/projects/7/environments/live/items/42?verbose=1',
    headers: SAMPLED,
  },
  streamed: { path: '/streamed/42?verbose=1', headers: SAMPLED },
  exported: { path: USER, headers: SAMPLED, exported: true },
  ...Object.fromEntries(
    [10, 1_000, 10_000].map((routes) => [`${routes}-routes`, { path: USER, headers: SAMPLED, routes }]),
  ),
};
