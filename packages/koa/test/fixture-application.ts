import { METHODS } from 'node:http';
import Router from '@koa/router';
import type { Answer, Application, EndpointName } from '@otel-middleware/conformance';
import { matrix, plainEndpointList } from '@otel-middleware/conformance';
import type { Context, Middleware } from 'koa';
import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import mount from 'koa-mount';

/** Routers before version 14 have the path syntax of Express 4. */
export const templates: { wildcard: string; optional: string } = matrix.framework?.startsWith('2')
  ? { wildcard: '/files/:path(.*)', optional: '/maybe/:x?' }
  : { wildcard: '/files/*path', optional: '/maybe{/:x}' };

/** The fixture application as Koa applications are written, without our middleware. */
export class FixtureApplication {
  readonly app: Koa;
  readonly subApp: Koa = new Koa();
  readonly #router = new Router({ methods: METHODS });
  readonly #application: Application;

  constructor(application: Application, proxy: boolean) {
    this.#application = application;
    this.app = new Koa({ proxy, maxIpsCount: 1 });
    this.app.silent = true;
    this.app.use(answerWhatKoaCannot);
  }

  useMiddleware(): void {
    this.app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        const given = this.#application.answerError(error);
        if (given === undefined) throw error;
        send(ctx, given);
      }
    });
    this.app.use((_ctx, next) => {
      this.#application.pass();
      return next();
    });
    const detach: Middleware = (_ctx, next) =>
      new Promise((resolve, reject) => this.#application.detached(() => next().then(resolve, reject)));
    this.app.use(below('/guarded', plain(401))).use(below('/stored', detach));
  }

  useRoutes(): void {
    this.#addPlainRoutes();
    this.#addMountedRoutes();
    this.#addShapedRoutes();
    this.app.use(this.#router.routes()).use(this.#router.allowedMethods());
    this.app.use(below('/plain', plain(200)));
    this.app.use(mount('/sub', this.subApp.use(this.#routes('/:y/things/:id', 'subApp'))));
  }

  addLateRoutes(): void {
    this.#router.get('/late/:id', this.#answer('late'));
    this.#router.use('/late-api', this.#routes('/items/:id', 'lateMounted'));
  }

  #addPlainRoutes(): void {
    for (const { name, method, path, raw } of plainEndpointList) {
      const handlers = raw ? [this.#answerRaw(name)] : [this.#answer(name)];
      if (name === 'upload') handlers.unshift(bodyParser());
      this.#router[method.toLowerCase() as 'get'](path, ...handlers);
    }
  }

  #addMountedRoutes(): void {
    const router = this.#router;
    router.use(
      '/api',
      this.#routes('/orders/:id', 'prefixed'),
      this.#routes('/thrown/:id', 'prefixedThrown'),
    );
    router.use('/api', this.#routes('/rejected/:id', 'prefixedRejected'));
    router.use('/t/:tenant', this.#routes('/', 'paramMountRoot'), this.#routes('/items/:id', 'paramMounted'));
    const repositories = new Router().use('/repos/:repo', this.#routes('/issues/:issue', 'nested'));
    router.use('/v1', new Router().use('/:org', repositories.routes()).routes());
    router.use(['/m1', '/m2'], this.#routes('/x/:y', 'arrayMounted'));
    const same = this.#routes('/same/:id', 'sameRouterLeft');
    router.use('/left', same).use('/right', same);
  }

  #addShapedRoutes(): void {
    const pass: Middleware = (_ctx, next) => next();
    const swallow: Middleware = (ctx, next) =>
      next().catch(() => send(ctx, { status: Number(ctx.params.status), body: 'swallowed' }));
    this.#router
      .get(['/first/:x', '/second/:x'], this.#answer('arrayRoute'))
      .get(templates.wildcard, this.#answer('wildcard'))
      .get(templates.optional, this.#answer('optional'))
      .get(/^\/rx\/(\d+)$/, this.#answer('regex'))
      .get('/fall/:id', pass)
      .get('/then/:first', pass)
      .get('/then/:second', this.#answer('nextThenRoute'))
      .get('/plain/:id', pass)
      .get('/guarded/:id', this.#answer('guarded'))
      .get('/stored/:id', this.#answer('storedNext'))
      .get('/swallowed/:status', swallow, this.#answer('swallowed'));
  }

  #answer(name: EndpointName): Middleware {
    return async (ctx) => {
      const { body } = ctx.request as { body?: unknown };
      send(ctx, await this.#application.answer(name, { target: ctx.originalUrl, body }));
    };
  }

  #answerRaw(name: (typeof plainEndpointList)[number]['name']): Middleware {
    return (ctx) => {
      ctx.respond = false;
      ctx.res.statusCode = 200;
      return this.#application.answerRaw(name, ctx.req, ctx.res);
    };
  }

  #routes(path: string, name: EndpointName): ReturnType<Router['routes']> {
    return new Router().get(path, this.#answer(name)).routes();
  }
}

function send(ctx: Context, { status, headers = {}, body }: Answer): void {
  ctx.status = status;
  ctx.set(headers as Record<string, string | string[]>);
  // Koa 2 leaves a response open whose body fails.
  if (typeof body !== 'string') body.on('error', () => ctx.res.destroy());
  ctx.body = body;
}

/** Koa leaves requests without an answer that fail with nothing, or with an error that it cannot write a status to. */
const answerWhatKoaCannot: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    if (error !== undefined && error !== null && !Object.isFrozen(Object(error))) throw error;
    send(ctx, { status: 500, body: 'broken' });
  }
};

function plain(status: number): Middleware {
  return (ctx) => send(ctx, { status, body: 'plain' });
}

function below(prefix: string, middleware: Middleware): Middleware {
  return (ctx, next) => (ctx.path.startsWith(prefix) ? middleware(ctx, next) : next());
}
