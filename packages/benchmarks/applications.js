// The same small application in every framework: one await and 90 bytes of JSON behind `/users/:id`, the same behind a deep
// route, and a streamed body. What a contender puts into it are a wrapper of the listener, or a middleware that comes first.
import { createRequire } from 'node:module';

// Not `import`: the official instrumentations change what is required.
const require = createRequire(import.meta.url);

const USER = '/users/:id';
const DEEP = '/v1/tenants/:tenant/projects/:project/environments/:environment/items/:item';
const HEALTH = '/healthz';

const body = JSON.stringify({ id: '42', name: 'a name of some length', tags: ['one', 'two'], total: 12.5 });
const chunk = new TextEncoder().encode(`${body}\n`);
const JSON_TYPE = { 'content-type': 'application/json' };

/** A body of ten chunks. */
function streamed() {
  let left = 10;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
}

async function answer(_request, response) {
  await null;
  response.setHeader('content-type', 'application/json');
  response.end(body);
}

function expressApplication(name) {
  return ({ middleware }) => {
    const express = require(name);
    const app = express();
    if (middleware) app.use(middleware);
    for (const path of [USER, HEALTH]) app.get(path, answer);
    const tenants = express.Router();
    const items = express.Router({ mergeParams: true });
    items.get('/environments/:environment/items/:item', answer);
    tenants.use('/:tenant/projects/:project', items);
    app.use('/v1/tenants', tenants);
    return app;
  };
}

/** Of each framework, what makes the listener of an application that a contender has instrumented. */
export const applications = {
  'node-http': ({ wrap = (listener) => listener }) => wrap(answer),
  express: expressApplication('express'),
  'express-4': expressApplication('express-4'),
  fastify: async ({ register }) => {
    const app = require('fastify')();
    await register?.(app);
    for (const path of [USER, HEALTH, DEEP]) {
      app.get(path, async (_request, reply) => {
        await null;
        reply.headers(JSON_TYPE);
        return body;
      });
    }
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  koa: ({ middleware }) => {
    const Koa = require('koa');
    const { Router } = require('@koa/router');
    const app = new Koa();
    if (middleware) app.use(middleware);
    const router = new Router();
    for (const path of [USER, HEALTH, DEEP]) {
      router.get(path, async (ctx) => {
        await null;
        ctx.set(JSON_TYPE);
        ctx.body = body;
      });
    }
    return app.use(router.routes()).callback();
  },
  hono: ({ middleware }) => {
    const { Hono } = require('hono');
    const { getRequestListener } = require('@hono/node-server');
    const app = new Hono();
    if (middleware) app.use(middleware);
    for (const path of [USER, HEALTH, DEEP]) {
      app.get(path, async (c) => {
        await null;
        return c.body(body, 200, JSON_TYPE);
      });
    }
    app.get('/streamed/:id', (c) => c.body(streamed(), 200, { 'content-type': 'application/x-ndjson' }));
    return getRequestListener(app.fetch);
  },
};
