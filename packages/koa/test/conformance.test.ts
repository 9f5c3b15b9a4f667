import { instrumentFetch } from '@otel-middleware/client';
import type { Deployment, Served } from '@otel-middleware/conformance';
import { describeConformance, matrix, serveListener } from '@otel-middleware/conformance';
import { instrumentListener } from '@otel-middleware/node-http';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { Context } from 'koa';
import Koa from 'koa';
import type { KoaOptions } from '../src/index.js';
import { opentelemetry } from '../src/index.js';
import { FixtureApplication, templates } from './fixture-application.js';
import { gaps } from './gaps.js';

function serve({ application, registration, trustLoopback, ...deployment }: Deployment): Promise<Served> {
  const options = deployment.options as KoaOptions | undefined;
  const fixture = new FixtureApplication(application, trustLoopback);
  const { app, subApp } = fixture;
  const use = (on: Koa): void => void (options && on.use(opentelemetry(options)));

  if (registration !== 'after-routes') use(app);
  if (registration === 'twice') use(app);
  if (registration === 'sub-app') use(subApp);
  fixture.useMiddleware();
  fixture.useRoutes();
  if (registration === 'after-routes') use(app);

  const listener = app.callback();
  const instrumented = registration === 'server' ? instrumentListener(listener, options as object) : listener;
  return serveListener(instrumented, deployment, () => fixture.addLateRoutes());
}

describeConformance(`koa ${matrix.framework}`, {
  adapter: 'koa',
  serve,
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  // The router decodes leniently, and answers methods that it has no route for.
  templates: { ...templates, malformed: '/users/:id' },
  statuses: { malformed: 200, wrongMethod: 405 },
  handledErrors: 'unseen',
  native: {
    isRequest: (value) => (value as Context).app instanceof Koa,
    isResponse: (value) => (value as Koa.Response).ctx?.app instanceof Koa,
    requestHeader: (request, name) => (request as Context).get(name) || undefined,
    setResponseHeader: (response, name, value) => void (response as Koa.Response).set(name, value),
  },
});
