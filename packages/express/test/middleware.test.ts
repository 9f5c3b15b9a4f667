import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { diag } from '@opentelemetry/api';
import { opentelemetry, opentelemetryErrors } from '@otel-middleware/express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import express from 'express';
import type { Application } from '../src/routes/express-internals.js';
import { answer, fail, pass, router, serve, serveListener, tracerProvider } from './traced-app.js';

const warnings: string[] = [];
beforeEach(() => {
  const ignore = (): void => {};
  const warn = (message: string): void => void warnings.push(message);
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore });
});
afterEach(() => {
  diag.disable();
  warnings.length = 0;
});

const middleware = (): RequestHandler => opentelemetry({ tracerProvider });

test('the middleware have names, for stack traces and route tables (robust:late)', () => {
  expect([opentelemetry().name, opentelemetryErrors().name]).toEqual([
    'opentelemetry',
    'opentelemetryErrors',
  ]);
});

test('without an SDK an application is left as it was (no-sdk:no-sdk)', async () => {
  const app = express().use(opentelemetry()).get('/x', answer).use(opentelemetryErrors());
  const ask = await serveListener(app);
  expect((await ask('GET /x')).status).toBe(200);
  expect(Object.hasOwn((app as unknown as Application).request, 'route')).toBe(false);
});

test.each([
  ['opentelemetry', opentelemetry, 'options must be a plain object. Was a function registered'],
  ['opentelemetryErrors', opentelemetryErrors, 'Call it: app.use(opentelemetryErrors()).'],
])(
  '%s that is registered without being called says so in each answer (robust:options)',
  async (_, make, cure) => {
    const app = express().use(make as unknown as RequestHandler);
    const report: ErrorRequestHandler = (error, _request, response, _next) =>
      void response.status(500).send(String(error));
    const { status, body } = await (await serveListener(app.use(report)))('GET /x');
    expect([status, body]).toEqual([500, expect.stringContaining(cure)]);
  },
);

test('a registration inside another one that excludes the request leaves that one its own (exclude:effect, nested:twice)', async () => {
  const seen: unknown[] = [];
  const inner = opentelemetry({ tracerProvider, excludedUrls: '/x' });
  const app = express().use(middleware());
  app.get('/x/:id', inner, (request) => {
    seen.push(request.route.path);
    throw new Error('the oven is too hot');
  });
  const { span } = await (await serve(app.use(opentelemetryErrors())))('GET /x/1');
  expect(seen).toEqual(['/x/:id']);
  expect([span.name, span.events.map(({ name }) => name)]).toEqual(['GET /x/:id', ['exception']]);
});

test('a router that is served without an application answers, and a warning says that it is not traced (robust:late)', async () => {
  const alone = express.Router().use(middleware());
  alone.get('/x', (_request, response) => void response.end('ok'));
  const ask = await serveListener((request, response) =>
    alone(request as never, response as never, () => {}),
  );
  expect([await ask('GET /x'), await ask('GET /x')]).toEqual([
    { status: 200, body: 'ok' },
    { status: 200, body: 'ok' },
  ]);
  expect(warnings).toEqual([
    '@otel-middleware/express: a router that is served without an application is not traced. Mount it: express().use(router).',
  ]);
});

describe('opentelemetryErrors()', () => {
  const report: ErrorRequestHandler = (error, _request, response, _next) =>
    void response.status(error.status ?? 500).send(String(error));

  test('records what handlers throw, and passes it on unchanged (error:thrown, error:handler)', async () => {
    const thrown: unknown[] = [];
    const app = express().use(middleware()).get('/x', fail).use(opentelemetryErrors());
    const look: ErrorRequestHandler = (error, _request, _response, next) => {
      thrown.push(error);
      next(error);
    };
    app.use(look, report);
    const { status, span } = await (await serve(app))('GET /x');
    expect([status, thrown.map(String)]).toEqual([500, ['Error: the oven is too hot']]);
    expect(span.events.map(({ name, attributes }) => [name, attributes?.['exception.message']])).toEqual([
      ['exception', 'the oven is too hot'],
    ]);
    expect(span.attributes['error.type']).toBe('500');
  });

  test('without it the status alone tells of a failure (error:thrown)', async () => {
    const app = express().use(middleware()).get('/x', fail).use(report);
    const { span } = await (await serve(app))('GET /x');
    expect([span.events, span.attributes['error.type']]).toEqual([[], '500']);
  });

  test('passes errors on where nothing is traced (no-sdk:no-sdk, exclude:effect)', async () => {
    const app = express().use(opentelemetry({ tracerProvider, excludedUrls: 'excluded' }));
    app.get(['/excluded', '/x'], fail).use(opentelemetryErrors(), report);
    const alone = express().get('/x', fail).use(opentelemetryErrors(), report);
    const [ask, askAlone] = [await serveListener(app), await serveListener(alone)];
    expect(await ask('GET /excluded')).toEqual({ status: 500, body: 'Error: the oven is too hot' });
    expect(await askAlone('GET /x')).toEqual({ status: 500, body: 'Error: the oven is too hot' });
  });
});

describe('a middleware in the wrong place', () => {
  const WARNING =
    /^@otel-middleware\/express: opentelemetry\(\) is registered after (.*), and what is answered .* Call app\.use\(opentelemetry\(\)\) before all routes and routers\.$/;
  const told = (): (string | undefined)[] => warnings.map((warning) => WARNING.exec(warning)?.[1]);

  test('is warned of once, with the first route, though no request reaches it (robust:late)', async () => {
    const app = express().use(pass).get('/health', answer).use('/api', router('/x')).use(middleware());
    const ask = await serveListener(app);
    for (const line of ['GET /health', 'GET /api/x', 'GET /health'])
      expect((await ask(line)).status).toBe(200);
    expect(told()).toEqual(['the route /health']);
  });

  test('is warned of behind routers and applications, and where it is called (robust:late)', async () => {
    const hidden = express().use('/api', router('/x')).use(middleware(), answer);
    const ask = await serve((request, response) => hidden(request, response));
    await ask('GET /other');
    await ask('GET /other');
    expect(told()).toEqual(['a router']);
  });

  test('is not warned of in the right place, or in a router (robust:late)', async () => {
    const first = express().use(pass, middleware()).get('/x', answer);
    const inRouter = express()
      .get('/y', answer)
      .use('/in', express.Router().use(middleware()).get('/x', answer));
    await (await serve(first))('GET /x');
    await (await serve(inRouter))('GET /in/x');
    expect(warnings).toEqual([]);
  });
});

describe('proxies', () => {
  const clientOf = async (app: Express, line: string): Promise<unknown> => {
    const { span } = await (await serve(app))(line, {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
    });
    return [span.attributes['client.address'], span.attributes['url.scheme']];
  };
  const traced = (): Express => express().use(middleware()).get('/x', answer);

  test.each([false, 0, undefined])(
    'are not believed when trust proxy is %j (attribute:proxy-untrusted)',
    async (setting) => {
      expect(await clientOf(traced().set('trust proxy', setting), 'GET /x')).toEqual(['127.0.0.1', 'http']);
    },
  );

  test.each([true, 1, 'loopback', ['127.0.0.0/8'], (address: string) => address === '127.0.0.1'])(
    'are believed when trust proxy is %s (attribute:proxy-trusted)',
    async (setting) => {
      expect(await clientOf(traced().set('trust proxy', setting), 'GET /x')).toEqual([
        '203.0.113.7',
        'https',
      ]);
    },
  );

  test('are believed by a mounted application as by the one around it (attribute:proxy-trusted)', async () => {
    const app = express().set('trust proxy', 1);
    expect(await clientOf(app.use('/in', traced()), 'GET /in/x')).toEqual(['203.0.113.7', 'https']);
  });
});

test('routers that cannot be read cost a request its route and nothing else, and are reported once (robust:fuzz)', async () => {
  const unreadable = Object.assign(pass.bind(null), { stack: [null], route: (): void => {} });
  const app = express().use(middleware(), unreadable).use('/in', router('/x')).get('/y', answer);
  const ask = await serve(app);
  for (let time = 0; time < 2; time++) {
    const [mounted, plain] = [await ask('GET /in/x'), await ask('GET /y')];
    expect([mounted.status, mounted.span.name, plain.status, plain.span.name]).toEqual([
      200,
      'GET',
      200,
      'GET /y',
    ]);
  }
  expect(warnings).toEqual([expect.stringMatching(/cannot read the routers of this version of Express/)]);
});
