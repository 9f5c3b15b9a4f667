// The same small application in every framework: one await and 90 bytes of JSON behind `/users/:id`, the same behind a deep
// route, a body of 1 MB that is streamed, and behind these as many routes as a scenario wants. What a contender puts into it
// are a wrapper of the listener, or a middleware that comes first.
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

// Not `import`: the official instrumentations change what is required.
const require = createRequire(import.meta.url);

const DEEP = '/v1/tenants/:tenant/projects/:project/environments/:environment/items/:item';
const PLAIN = ['/users/:id', '/healthz'];
const STREAMED = '/streamed/:id';

const body = JSON.stringify({ id: '42', name: 'a name of some length', tags: ['one', 'two'], total: 12.5 });
const JSON_TYPE = { 'content-type': 'application/json' };
const BYTES_TYPE = { 'content-type': 'application/octet-stream' };

const CHUNKS = 16;
const chunk = new Uint8Array(65_536).fill(120);

/** A body of 1 MB for Node. */
function stream() {
  let left = CHUNKS;
  return new Readable({
    read() {
      this.push(left-- === 0 ? null : chunk);
    },
  });
}

/** The same for the web. */
function webStream() {
  let left = CHUNKS;
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

function answerStreamed(_request, response) {
  stream().pipe(response.writeHead(200, BYTES_TYPE));
}

/** Further routes, which no request matches. */
function furtherPaths({ routes = 0 }) {
  return Array.from({ length: routes }, (_, index) => `/further/${index}/:id`);
}

function expressApplication(name) {
  return ({ middleware }, scenario) => {
    const express = require(name);
    const app = express();
    if (middleware) app.use(middleware);
    for (const path of PLAIN) app.get(path, answer);
    app.get(STREAMED, answerStreamed);
    const tenants = express.Router();
    const items = express.Router({ mergeParams: true });
    items.get('/environments/:environment/items/:item', answer);
    tenants.use('/:tenant/projects/:project', items);
    app.use('/v1/tenants', tenants);
    for (const path of furtherPaths(scenario)) app.get(path, answer);
    return app;
  };
}

/** Makes the listener of an application that a contender has instrumented, for each framework. */
export const applications = {
  'node-http': ({ wrap = (listener) => listener }) =>
    wrap((request, response) =>
      request.url.startsWith('/streamed') ? answerStreamed(request, response) : answer(request, response),
    ),
  express: expressApplication('express'),
  'express-4': expressApplication('express-4'),
  fastify: async ({ register }, scenario) => {
    const app = require('fastify')();
    await register?.(app);
    for (const path of [...PLAIN, DEEP, ...furtherPaths(scenario)]) {
      app.get(path, async (_request, reply) => {
        await null;
        reply.headers(JSON_TYPE);
        return body;
      });
    }
    app.get(STREAMED, (_request, reply) => reply.headers(BYTES_TYPE).send(stream()));
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  koa: ({ middleware }, scenario) => {
    const Koa = require('koa');
    const { Router } = require('@koa/router');
    const app = new Koa();
    // The generator leaves bodies half read at the end of a shot.
    app.silent = true;
    if (middleware) app.use(middleware);
    const router = new Router();
    for (const path of [...PLAIN, DEEP]) {
      router.get(path, async (ctx) => {
        await null;
        ctx.set(JSON_TYPE);
        ctx.body = body;
      });
    }
    router.get(STREAMED, (ctx) => {
      ctx.set(BYTES_TYPE);
      ctx.body = stream();
    });
    for (const path of furtherPaths(scenario)) router.get(path, () => {});
    return app.use(router.routes()).callback();
  },
  hono: ({ middleware }, scenario) => {
    const { Hono } = require('hono');
    const { getRequestListener } = require('@hono/node-server');
    const app = new Hono();
    if (middleware) app.use(middleware);
    for (const path of [...PLAIN, DEEP, ...furtherPaths(scenario)]) {
      app.get(path, async (c) => {
        await null;
        return c.body(body, 200, JSON_TYPE);
      });
    }
    app.get(STREAMED, (c) => c.body(webStream(), 200, BYTES_TYPE));
    return getRequestListener(app.fetch);
  },
};
