import { expect } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import type { Requires } from '../register-tests.js';

const UNSET = [
  200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 400, 401, 403, 404, 409, 410, 418, 422, 429, 451,
  499,
];
const ERROR = [500, 501, 502, 503, 504, 507, 599];

/** Span status by status code. */
export function status(requires: Requires): void {
  requires('status:classes', 'only codes from 500 on are errors', async ({ start }) => {
    const app = await start();
    const exchanges = [];
    for (const code of [...UNSET, ...ERROR])
      exchanges.push(await app.request(`/status/${code}`, { endpoint: 'status' }));
    expect(exchanges.map((exchange) => exchange.status)).toEqual([...UNSET, ...ERROR]);
    const spans = await app.spans(exchanges.length);
    expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
    expect(spans.map((one) => one.status)).toEqual([
      ...UNSET.map(() => ({ code: SpanStatusCode.UNSET })),
      ...ERROR.map(() => ({ code: SpanStatusCode.ERROR })),
    ]);
  });
}
