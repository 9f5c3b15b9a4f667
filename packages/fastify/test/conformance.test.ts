import type { RequestListener } from 'node:http';
import { IncomingMessage, ServerResponse } from 'node:http';
import { instrumentFetch } from '@otel-middleware/client';
import type { Deployment, Served } from '@otel-middleware/conformance';
import { describeConformance, matrix, serveListener } from '@otel-middleware/conformance';
import { instrumentListener } from '@otel-middleware/node-http';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { FastifyInstance, FastifyListenOptions, FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyOptions } from '../src/index.js';
import { opentelemetry } from '../src/index.js';
import { FixtureApplication } from './fixture-application.js';
import { gaps } from './gaps.js';

async function serve({ application, registration, ...deployment }: Deployment): Promise<Served> {
  const options = deployment.options as FastifyOptions | undefined;
  const fixture = new FixtureApplication(application, {
    trustProxy: deployment.trustLoopback && 'loopback',
    http2: deployment.protocol === 'h2',
    wrap: (listener) =>
      options && registration === 'server'
        ? (instrumentListener(listener, options as object) as never)
        : listener,
  });
  const { app } = fixture;
  const register = (on: FastifyInstance): void => void (options && on.register(opentelemetry, options));

  if (registration !== 'after-routes') register(app);
  if (registration === 'twice') register(app);
  fixture.addHooks();
  fixture.addRoutes((inner) => registration === 'sub-app' && register(inner));
  if (registration === 'after-routes') register(app);
  if (deployment.protocol === 'https') {
    await app.ready();
    const listener: RequestListener = (request, response) => app.routing(request, response);
    return serveListener(listener, deployment);
  }
  await app.listen(deployment.listenOptions as FastifyListenOptions);
  return { server: app.server };
}

describeConformance(`fastify ${matrix.framework}`, {
  adapter: 'fastify',
  serve,
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  routeAtStart: true,
  templates: {
    wildcard: '/files/*',
    optional: '/maybe/:x?',
    regex: '/rx/:number(^\\d+$)',
    // The router has matched before anybody can answer or decline.
    guarded: '/guarded/:id',
    fallThrough: '/fall/:id',
    nextThenRoute: '/then/:second',
  },
  statuses: { automaticOptions: 404 },
  native: {
    isRequest: (value) => (value as FastifyRequest).raw instanceof IncomingMessage,
    isResponse: (value) => (value as FastifyReply).raw instanceof ServerResponse,
    requestHeader: (request, name) => (request as FastifyRequest).headers[name] as string | undefined,
    setResponseHeader: (response, name, value) => {
      const reply = response as FastifyReply;
      // The headers of a hijacked reply are not sent.
      if (reply.sent) reply.raw.setHeader(name, value);
      else reply.header(name, value);
    },
  },
});
