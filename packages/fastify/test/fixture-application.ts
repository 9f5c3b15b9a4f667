import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { Answer, Application, EndpointName } from '@otel-middleware/conformance';
import { plainEndpointList } from '@otel-middleware/conformance';
import type { FastifyInstance, FastifyReply, FastifyServerOptions, RouteHandlerMethod } from 'fastify';
import fastify from 'fastify';
import { scope } from './traced-app.js';

/** The settings under which the fixture application is served. */
export interface FixtureOptions {
  readonly trustProxy: 'loopback' | false;
  readonly http2: boolean;
  /** Wraps the server's listener. */
  readonly wrap: (listener: RequestListener) => RequestListener;
}

/** The fixture application as Fastify applications are written, without our plugin. */
export class FixtureApplication {
  readonly app: FastifyInstance;
  readonly #application: Application;

  constructor(application: Application, { trustProxy, http2, wrap }: FixtureOptions) {
    this.#application = application;
    const serverFactory = (handler: RequestListener) => createServer(wrap(handler));
    this.app = fastify({
      trustProxy,
      ...(http2 ? { http2 } : { serverFactory }),
    } as FastifyServerOptions) as FastifyInstance;
    const { app } = this;
    // Fastify 5 takes more methods when told, and asks for the type of a QUERY's body unless told otherwise.
    for (const method of ['PURGE', 'QUERY']) {
      (app as { addHttpMethod?(name: string, options: object): unknown }).addHttpMethod?.(method, {
        overrideExisting: true,
      });
    }
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.setErrorHandler((error, _request, reply) => {
      const given = application.answerError(error);
      if (given !== undefined) return send(reply, given);
      // Fastify takes what is no error for an answer.
      return error instanceof Error ? reply.send(error) : reply.code(500).send(error);
    });
  }

  addHooks(): void {
    this.app.addHook('onRequest', (request, reply, done) => {
      this.#application.pass();
      if (request.url.startsWith('/guarded')) void reply.code(401).send('guarded');
      else if (request.url.startsWith('/stored')) this.#application.detached(done);
      else done();
    });
  }

  /** @param register - called with the instance of the endpoint `subApp`. */
  addRoutes(register: (app: FastifyInstance) => void): void {
    this.#addPlainRoutes();
    this.#addScopedRoutes(register);
    this.#addShapedRoutes();
  }

  #addPlainRoutes(): void {
    for (const { name, method, path, raw } of plainEndpointList) {
      const handler: RouteHandlerMethod = raw
        ? (request, reply) => void this.#application.answerRaw(name, request.raw, reply.hijack().raw)
        : this.#answer(name);
      this.app[method.toLowerCase() as 'get'](path, handler);
    }
  }

  #addScopedRoutes(register: (app: FastifyInstance) => void): void {
    const { app } = this;
    const routes = (path: string, name: EndpointName) =>
      scope((inner) => void inner.get(path, this.#answer(name)));
    app.register(routes('/orders/:id', 'prefixed'), { prefix: '/api' });
    app.register(routes('/thrown/:id', 'prefixedThrown'), { prefix: '/api' });
    app.register(routes('/rejected/:id', 'prefixedRejected'), { prefix: '/api' });
    app.register(routes('/', 'paramMountRoot'), { prefix: '/t/:tenant' });
    app.register(routes('/items/:id', 'paramMounted'), { prefix: '/t/:tenant' });
    const repositories = scope((inner) =>
      inner.register(routes('/issues/:issue', 'nested'), { prefix: '/repos/:repo' }),
    );
    app.register(
      scope((inner) => inner.register(repositories, { prefix: '/:org' })),
      { prefix: '/v1' },
    );
    for (const prefix of ['/m1', '/m2']) app.register(routes('/x/:y', 'arrayMounted'), { prefix });
    for (const prefix of ['/left', '/right']) app.register(routes('/same/:id', 'sameRouterLeft'), { prefix });
    const subApp = scope((inner) => {
      register(inner);
      inner.get('/things/:id', this.#answer('subApp'));
    });
    app.register(subApp, { prefix: '/sub/:y' });
  }

  #addShapedRoutes(): void {
    const { app } = this;
    for (const path of ['/first/:x', '/second/:x']) app.get(path, this.#answer('arrayRoute'));
    app.get('/files/*', this.#answer('wildcard'));
    app.get('/maybe/:x?', this.#answer('optional'));
    app.get('/rx/:number(^\\d+$)', this.#answer('regex'));
    app.get('/fall/:id', (_request, reply) => reply.callNotFound());
    app.get('/then/:second', this.#answer('nextThenRoute'));
    app.get('/plain/:id', this.#answer('nextThenPlain'));
    app.get('/guarded/:id', this.#answer('guarded'));
    app.get('/stored/:id', this.#answer('storedNext'));
    app.get('/swallowed/:status', async (request, reply) => {
      try {
        await this.#application.answer('swallowed', { target: request.url });
      } catch {
        await send(reply, {
          status: Number((request.params as { status: string }).status),
          body: 'swallowed',
        });
      }
    });
    app.get('/internal', async (_request, reply) => {
      await app.inject('/orders/42');
      return send(reply, await this.#application.answer('internal', { target: '/internal' }));
    });
  }

  #answer(name: EndpointName): RouteHandlerMethod {
    return (request, reply) => {
      const given = this.#application.answer(name, { target: request.url, body: request.body });
      return given instanceof Promise ? given.then((answer) => send(reply, answer)) : send(reply, given);
    };
  }
}

function send(reply: FastifyReply, { status, headers = {}, body }: Answer): FastifyReply {
  return reply
    .code(status)
    .headers(headers as Record<string, string>)
    .send(body);
}
