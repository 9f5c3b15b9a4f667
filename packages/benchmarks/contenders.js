// What stands in the race, for every framework: nothing, the hand-written minimum, ours, and the official instrumentations.
import { createRequire } from 'node:module';
import { excludedFloors, floors } from './floor.js';
import { batching, registerTelemetry, samplers } from './telemetry.js';

const require = createRequire(import.meta.url);

const adapters = {
  'node-http': (options) => {
    const { instrumentListener } = require('@otel-middleware/node-http');
    return { wrap: (listener) => instrumentListener(listener, options) };
  },
  fastify: (options) => {
    const { opentelemetry } = require('@otel-middleware/fastify');
    return { register: (app) => app.register(opentelemetry, options) };
  },
};

function middlewareOf(name) {
  return (options) => ({ middleware: require(`@otel-middleware/${name}`).opentelemetry(options) });
}

/** The official instrumentations: of HTTP for every framework, and beside it that of the framework. */
const official = {
  'node-http': () => ({}),
  express: () => ({}),
  'express-4': () => ({}),
  koa: () => ({}),
  fastify: () => {
    const { FastifyOtelInstrumentation } = require('@fastify/otel');
    return { register: (app) => app.register(new FastifyOtelInstrumentation().plugin()) };
  },
  hono: () => ({ middleware: require('@hono/otel').httpInstrumentationMiddleware() }),
};

export const contenders = {
  bare: () => ({}),
  floor: (framework, scenario) => {
    register(scenario);
    return (scenario.excluded === undefined ? floors : excludedFloors)[framework];
  },
  ours: (framework, scenario) => {
    register(scenario);
    const make = adapters[framework] ?? middlewareOf(framework.replace(/-\d+$/, ''));
    return make({ captureRequestHeaders: scenario.capture, excludedUrls: scenario.excluded });
  },
  official: (framework, scenario) => {
    register(scenario);
    const { registerInstrumentations } = require('@opentelemetry/instrumentation');
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
    const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
    const { KoaInstrumentation } = require('@opentelemetry/instrumentation-koa');
    const http = new HttpInstrumentation({
      headersToSpanAttributes: { server: { requestHeaders: scenario.capture } },
      ...(scenario.excluded && { ignoreIncomingRequestHook: ({ url }) => url.includes(scenario.excluded) }),
    });
    registerInstrumentations({
      instrumentations: [http, new ExpressInstrumentation(), new KoaInstrumentation()],
    });
    require('node:http');
    return official[framework]();
  },
};

function register({ sdk = true, sampler, exported = false }) {
  if (sdk)
    registerTelemetry(batching(exported ? process.env.SINK : undefined), samplers[sampler ?? 'parent']());
}
