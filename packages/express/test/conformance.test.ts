import { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { instrumentFetch } from '@otel-middleware/client';
import type { Answer, Application, Deployment, EndpointName } from '@otel-middleware/conformance';
import { describeConformance, matrix, plainEndpointList, serveListener } from '@otel-middleware/conformance';
import { opentelemetry, opentelemetryErrors } from '@otel-middleware/express';
import { instrumentListener } from '@otel-middleware/node-http';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import express from 'express';
import { gaps } from './gaps.js';

/** Express 4 has another path syntax, and takes no notice of promises. */
const isExpress4 = 'lazyrouter' in express();
const [wildcard, optional] = isExpress4 ? ['/files/*', '/maybe/:x?'] : ['/files/*path', '/maybe{/:x}'];

function send(response: Response, { status, headers = {}, body }: Answer): unknown {
  response.status(status).set(headers);
  return typeof body === 'string' ? response.send(body) : pipeline(body, response);
}

const pass: RequestHandler = (_request, _response, next) => next();
const plainAnswer: RequestHandler = (_request, response) => void response.send('plain');
const swallow: ErrorRequestHandler = (_error, request, response, _next) =>
  void response.status(Number(request.params.status)).send('swallowed');
type Handlers = (name: EndpointName) => RequestHandler;

function handlersOf(application: Application): Handlers {
  return (name) => (request, response, next) => {
    const answer = application.answer(name, { target: request.originalUrl, body: request.body });
    if (!(answer instanceof Promise) && typeof answer.body === 'string') return void send(response, answer);
    const sent = Promise.resolve(answer).then((given) => send(response, given));
    return isExpress4 ? sent.catch(next) : sent;
  };
}

function addPlainRoutes(app: Express, application: Application, handler: Handlers): void {
  for (const { name, method, path, raw } of plainEndpointList) {
    const answerRaw: RequestHandler = (request, response) => application.answerRaw(name, request, response);
    const parsers = name === 'upload' ? [express.json()] : [];
    app[method.toLowerCase() as 'get'](path, ...parsers, raw ? answerRaw : handler(name));
  }
}

function addShapedRoutes(app: Express, subApp: Express, handler: Handlers): void {
  const router = (path: string, name: EndpointName) => express.Router().get(path, handler(name));
  app.use('/api', router('/orders/:id', 'prefixed'), router('/thrown/:id', 'prefixedThrown'));
  app.use('/api', router('/rejected/:id', 'prefixedRejected'));
  app.use('/t/:tenant', router('/', 'paramMountRoot'), router('/items/:id', 'paramMounted'));
  const issues = express.Router().use('/repos/:repo', router('/issues/:issue', 'nested'));
  app.use('/v1', express.Router().use('/:org', issues));
  app.get([['/first/:x'], '/second/:x'] as never, handler('arrayRoute'));
  app.use(['/m1', '/m2'], router('/x/:y', 'arrayMounted'));
  app.get(wildcard, handler('wildcard')).get(optional, handler('optional'));
  app.get(/^\/rx\/(\d+)$/, handler('regex'));
  app.use('/sub/:y', subApp.get('/things/:id', handler('subApp')));
  const same = router('/same/:id', 'sameRouterLeft');
  app.use('/left', same).use('/right', same);
  app.get('/fall/:id', pass).get('/then/:first', pass).get('/then/:second', handler('nextThenRoute'));
  app.get('/plain/:id', pass).use('/plain', plainAnswer);
  app.get('/guarded/:id', handler('guarded')).get('/stored/:id', handler('storedNext'));
  app.get('/swallowed/:status', handler('swallowed'), swallow);
}

function serve(deployment: Deployment): ReturnType<typeof serveListener> {
  const { application, options, registration, trustLoopback, protocol } = deployment;
  if (protocol === 'h2') throw new Error('An HTTP/2 request breaks Express.');
  const [app, subApp, handler] = [express(), express(), handlersOf(application)];
  const instrument = (on: Express): unknown => options && on.use(opentelemetry(options as object));
  app.set('env', 'test').set('trust proxy', trustLoopback && 'loopback');
  if (registration !== 'after-routes') instrument(app);
  if (registration === 'twice') instrument(app);
  if (registration === 'sub-app') instrument(subApp);
  app.use((_request, _response, next) => [application.pass(), next()]);
  app.use('/guarded', (_request, response) => void response.status(401).send('guarded'));
  app.use('/stored', (_request, _response, next) => application.detached(next));
  addPlainRoutes(app, application, handler);
  addShapedRoutes(app, subApp, handler);
  if (registration === 'after-routes') instrument(app);
  const answerErrors: ErrorRequestHandler = (error, _request, response, next) => {
    const answer = application.answerError(error);
    return answer === undefined ? next(error) : send(response, answer);
  };
  app.use(opentelemetryErrors(), answerErrors);
  const traced = options && registration === 'server' ? instrumentListener(app as never, options) : app;
  const late = express.Router().get('/items/:id', handler('lateMounted'));
  const addLateRoutes = () => void app.get('/late/:id', handler('late')).use('/late-api', late);
  return serveListener(traced, deployment, addLateRoutes);
}

describeConformance(`express ${matrix.framework}`, {
  adapter: 'express',
  templates: { wildcard, optional },
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  serve,
  native: {
    isRequest: (value) => value instanceof IncomingMessage && 'app' in value,
    isResponse: (value) => value instanceof ServerResponse && 'locals' in value,
    requestHeader: (request, name) => (request as Request).get(name),
    setResponseHeader: (response, name, value) => void (response as Response).set(name, value),
  },
});
