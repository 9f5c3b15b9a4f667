import { IncomingMessage, ServerResponse } from 'node:http';
import { instrumentFetch } from '@otel-middleware/client';
import type { Deployment, Served } from '@otel-middleware/conformance';
import { describeConformance, serveListener } from '@otel-middleware/conformance';
import { instrumentListener } from '@otel-middleware/node-http';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { Exchange } from '../src/fifth.js';
import type { FifthOptions } from '../src/opentelemetry.js';
import { opentelemetry } from '../src/opentelemetry.js';
import type { FifthApplication } from './fifth-application.js';
import { FixtureApplication } from './fixture-application.js';
import { gaps } from './gaps.js';

function serve({ application, registration, ...deployment }: Deployment): Promise<Served> {
  const options = deployment.options as FifthOptions | undefined;
  const fixture = new FixtureApplication(application);
  const { app, subApp } = fixture;
  const use = (on: FifthApplication): void => void (options && on.use(opentelemetry(options)));

  if (registration !== 'after-routes') use(app);
  if (registration === 'twice') use(app);
  if (registration === 'sub-app') use(subApp);
  fixture.useMiddleware();
  fixture.useRoutes();
  if (registration === 'after-routes') use(app);

  const listener = app.listener();
  const instrumented = registration === 'server' ? instrumentListener(listener, options as object) : listener;
  return serveListener(instrumented, deployment, () => fixture.addLateRoutes());
}

describeConformance('fifth', {
  adapter: 'fifth',
  serve,
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  statuses: { automaticOptions: 404 },
  handledErrors: 'unseen',
  native: {
    isRequest: (value) => (value as Exchange).incoming instanceof IncomingMessage,
    isResponse: (value) => (value as Exchange).outgoing instanceof ServerResponse,
    requestHeader: (request, name) => (request as Exchange).incoming.headers[name] as string | undefined,
    setResponseHeader: (response, name, value) => void (response as Exchange).outgoing.setHeader(name, value),
  },
});
