import { Readable } from 'node:stream';
import type { HttpBindings } from '@hono/node-server';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { instrumentFetch } from '@otel-middleware/client';
import type { Answer, Deployment, EndpointName } from '@otel-middleware/conformance';
import { describeConformance, matrix, plainEndpointList, serveListener } from '@otel-middleware/conformance';
import { instrumentListener } from '@otel-middleware/node-http';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { Context, Handler, MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { HonoOptions } from '../src/index.js';
import { opentelemetry } from '../src/index.js';
import { gaps } from './gaps.js';

type Env = { Bindings: HttpBindings };

const templates = {
  wildcard: '/files/*',
  optional: '/maybe/:x?',
  regex: '/rx/:d{\\d+}',
  malformed: '/users/:id',
};

function send(c: Context, { status, headers = {}, body }: Answer): Response {
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values].flat()) c.header(name, value, { append: true });
  }
  const content = typeof body === 'string' ? body : Readable.toWeb(body);
  return c.body((status === 204 || status === 304 ? null : content) as string, status as 200);
}

const pass: MiddlewareHandler = (_c, next) => next();

function build({ application, registration, trustLoopback, ...deployment }: Deployment) {
  const trusted = trustLoopback && {
    trustProxy: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'],
  };
  const options = deployment.options && ({ ...deployment.options, ...trusted } as HonoOptions);
  const [app, subApp] = [new Hono<Env>(), new Hono<Env>()];
  const answer =
    (name: EndpointName): Handler<Env> =>
    async (c) => {
      const body = name === 'upload' ? await c.req.json() : undefined;
      if (name === 'clientError') throw new HTTPException(404, { message: 'no such order' });
      const given = application.answer(name, { target: c.env.incoming?.url ?? c.req.path, body });
      return send(c, given instanceof Promise ? await given : given);
    };
  const router = (path: string, name: EndpointName) => new Hono<Env>().get(path, answer(name));

  if (options && registration !== 'after-routes') app.use(opentelemetry(options));
  if (options && registration === 'twice') app.use(opentelemetry(options));
  if (options && registration === 'sub-app') subApp.use(opentelemetry(options));
  app.use((_c, next) => {
    application.pass();
    return next();
  });
  app.use('/guarded/*', async (c, _next) => c.text('guarded', 401));
  app.use(
    '/stored/*',
    (_c, next) => new Promise((resolve, reject) => application.detached(() => next().then(resolve, reject))),
  );
  for (const { name, method, path, raw } of plainEndpointList) {
    const answerRaw: Handler<Env> = async ({ env }) => {
      await application.answerRaw(name, env.incoming, env.outgoing as never);
      return RESPONSE_ALREADY_SENT;
    };
    app.on(method, path, raw ? answerRaw : answer(name));
  }
  app.route(
    '/api',
    router('/orders/:id', 'prefixed')
      .route('/', router('/thrown/:id', 'prefixedThrown'))
      .route('/', router('/rejected/:id', 'prefixedRejected')),
  );
  app.route('/t/:tenant', router('/', 'paramMountRoot').route('/', router('/items/:id', 'paramMounted')));
  app.route(
    '/v1',
    new Hono().route('/:org', new Hono().route('/repos/:repo', router('/issues/:issue', 'nested'))),
  );
  app.on('GET', ['/first/:x', '/second/:x'], answer('arrayRoute'));
  for (const mount of ['/m1', '/m2']) app.route(mount, router('/x/:y', 'arrayMounted'));
  app
    .get(templates.wildcard, answer('wildcard'))
    .get(templates.optional, answer('optional'))
    .get(templates.regex, answer('regex'));
  app.route('/sub/:y', subApp.get('/things/:id', answer('subApp')));
  for (const [side, name] of [
    ['/left', 'sameRouterLeft'],
    ['/right', 'sameRouterRight'],
  ] as const)
    app.basePath(side).get('/same/:id', answer(name));
  app.get('/fall/:id', pass).get('/then/:first', pass).get('/then/:second', answer('nextThenRoute'));
  app.get('/plain/:id', pass).use('/plain/*', async (c, _next) => c.text('plain'));
  app.get('/guarded/:id', answer('guarded')).get('/stored/:id', answer('storedNext'));
  app.get('/swallowed/:status', async (c, next) => {
    try {
      return await answer('swallowed')(c, next);
    } catch {
      return c.text('swallowed', Number(c.req.param('status')) as 200);
    }
  });
  app.get('/internal', async (c, next) => {
    await app.request('/orders/42');
    return answer('internal')(c, next);
  });
  if (options && registration === 'after-routes') app.use(opentelemetry(options));
  app.onError((error, c) => {
    const given = application.answerError(error);
    if (given !== undefined) return send(c, given);
    return error instanceof HTTPException ? error.getResponse() : c.text('Internal Server Error', 500);
  });
  const listener = getRequestListener(app.fetch as never, { hostname: 'localhost' });
  return options && registration === 'server'
    ? instrumentListener(listener as never, options as object)
    : listener;
}

describeConformance(`hono ${matrix.framework}`, {
  adapter: 'hono',
  templates,
  statuses: { malformed: 200, automaticOptions: 404 },
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  serve: (deployment) => serveListener(build(deployment) as never, deployment),
  native: {
    isRequest: (value) => (value as Context).req?.raw instanceof Request,
    isResponse: (value) => (value as Context).req?.raw instanceof Request,
    requestHeader: (request, name) => (request as Context).req.header(name),
    setResponseHeader: (response, name, value) => void (response as Context).header(name, value),
  },
});
