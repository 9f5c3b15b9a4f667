import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { context } from '@opentelemetry/api';
import { createContextManager, createPropagator, Telemetry } from '@otel-middleware/conformance';
import { opentelemetry as expressTelemetry } from '@otel-middleware/express';
import { opentelemetry as fastifyTelemetry } from '@otel-middleware/fastify';
import { opentelemetry as honoTelemetry } from '@otel-middleware/hono';
import { opentelemetry as koaTelemetry } from '@otel-middleware/koa';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import pg from 'pg';
import { commentPg } from '../src/index.js';
import { SAMPLED, TRACE_ID, tagsOf } from './traced-server.js';

let pool: pg.Pool;
beforeAll(() => {
  context.setGlobalContextManager(createContextManager());
  pool = commentPg(new pg.Pool({ max: 2 }));
});
afterAll(async () => {
  await pool.end();
  context.disable();
});

type Listener = Parameters<typeof createServer>[1];

const query = async (): Promise<string> => (await pool.query('SELECT current_query() AS sent')).rows[0].sent;

const frameworks: Record<string, (options: object) => Listener | Promise<Listener>> = {
  express: (options) => {
    const router = express.Router();
    router.get('/:id', async (_request, response) => void response.send(await query()));
    return express().use(expressTelemetry(options)).use('/orders', router);
  },
  fastify: async (options) => {
    const app = fastify();
    await app.register(fastifyTelemetry, options);
    await app.register(
      (orders, _options, done) => {
        orders.get('/:id', query);
        done();
      },
      { prefix: '/orders' },
    );
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  koa: async (options) => {
    const { Router } = await import('@koa/router');
    const router = new Router({ prefix: '/orders' });
    router.get('/:id', async (ctx) => {
      ctx.body = await query();
    });
    return new Koa().use(koaTelemetry(options)).use(router.routes()).callback();
  },
  hono: (options) => {
    const app = new Hono().use(honoTelemetry(options));
    return getRequestListener(
      app.route(
        '/orders',
        new Hono().get('/:id', async (c) => c.text(await query())),
      ).fetch,
    );
  },
};

describe('[sql:tags] [sql:roundtrip] queries in handlers', () => {
  test.each(Object.entries(frameworks))('of %s tell its route', async (framework, make) => {
    const telemetry = new Telemetry();
    const { tracerProvider, meterProvider } = telemetry;
    const listener = await make({ tracerProvider, meterProvider, propagator: createPropagator() });
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/orders/42`, {
      headers: { ...SAMPLED, tracestate: 'congo=t61rcWkgMzE' },
    });
    const tags = tagsOf(await response.text());
    server.close();
    await once(server, 'close');
    const [span] = telemetry.ended;
    expect(tags).toEqual({
      framework,
      route: '/orders/:id',
      traceparent: `00-${TRACE_ID}-${span?.spanContext().spanId}-01`,
      tracestate: 'congo=t61rcWkgMzE',
    });
    expect(span?.attributes['http.route']).toBe(tags.route);
  });
});
