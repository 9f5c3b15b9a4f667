import { configure } from '@codegenie/serverless-express';
import { expect, test } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/express';
import express from 'express';
import serverless from 'serverless-http';
import { answer, endedSpans, tracerProvider } from './traced-app.js';

/** An event as API Gateway sends it to a function. */
const event = {
  httpMethod: 'GET',
  path: '/orders/42',
  headers: { host: 'api.example' },
  multiValueHeaders: { host: ['api.example'] },
  requestContext: { identity: { sourceIp: '192.0.2.7' } },
};

type Wrap = (app: express.Express) => unknown;

// They call applications with responses that have no connection: one never drains, the other never closes.
test.each<[string, Wrap]>([
  ['serverless-http', (app) => serverless(app)],
  ['@codegenie/serverless-express', (app) => configure({ app })],
])('under %s a request is one span, which has not failed (span:one)', async (_, wrap) => {
  const app = express().use(opentelemetry({ tracerProvider }));
  const handle = wrap(app.get('/orders/:id', answer)) as (event: object, context: object) => Promise<unknown>;
  expect(await handle(event, {})).toMatchObject({ statusCode: 200, body: 'ok' });
  const spans = await endedSpans(1);
  expect(spans.map(({ name, status, attributes }) => [name, status.code, attributes['error.type']])).toEqual([
    ['GET /orders/:id', SpanStatusCode.UNSET, undefined],
  ]);
});
