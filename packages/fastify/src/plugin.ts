import type { HttpServerOptions, ServerOperation } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { watchResponse } from '@otel-middleware/node-http';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { onUpgradeAnswered } from './handshake.js';
import { request } from './request.js';
import { onBodyError, response } from './response.js';
import { markSeen, watchUnrouted } from './unrouted.js';
import { VERSION } from './version.js';

/** Options of {@link opentelemetry}: those of every adapter. Hooks receive Fastify's request and reply. */
export type FastifyOptions = HttpServerOptions<FastifyRequest, FastifyReply>;

/** The telemetry of one request, as `request.opentelemetry` shows it. */
export type RequestTelemetry = Pick<ServerOperation<FastifyReply>, 'span' | 'context'>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Span and context of this request, from `onRequest` on; `null` when there is no SDK or tracing is suppressed. */
    opentelemetry: RequestTelemetry | null;
  }
  interface FastifyContextConfig {
    /** `false` excludes the route: no span, no metrics, and nothing that it starts is traced. Default: true. */
    opentelemetry?: boolean;
  }
}

/** The operations of a request by registration: each has a symbol of its own, since the plugin may be registered twice. */
type Operations = Record<symbol, ServerOperation<FastifyReply> | null>;

/**
 * Makes one server span of every request, and the HTTP server metrics.
 *
 * A plugin for the instance that it is registered on and all below, routes that are there already included. Register it
 * before others, since hooks run in the order of registration, and those before it do not find the span. Samplers see the
 * route; what proxies tell is believed as `trustProxy` says.
 *
 * Registration fails with a TypeError when an option is unknown or ill-typed.
 */
export const opentelemetry: FastifyPluginAsync<FastifyOptions> = fastifyPlugin(
  async function opentelemetry(instance, options) {
    if (instance === undefined)
      throw new TypeError(
        '@otel-middleware/fastify: opentelemetry is the plugin itself. Do not call it: app.register(opentelemetry, options).',
      );
    const config = { scope: { name: '@otel-middleware/fastify', version: VERSION }, framework: 'fastify' };
    const instrumentation = createHttpServerInstrumentation({ ...config, request, response, options });
    const key = Symbol('operation');
    instance.decorateRequest(key, null);
    if (!instance.hasRequestDecorator('opentelemetry')) instance.decorateRequest('opentelemetry', null);

    instance.addHook('onRequest', (request, reply, done) => {
      markSeen(request.raw);
      const operation = instrumentation.start(request);
      if (operation === undefined) return done();
      (request as unknown as Operations)[key] = operation;
      request.opentelemetry ??= operation;
      watchResponse(operation, request.raw, reply.raw, reply);
      if (request.raw.headers.upgrade !== undefined) onUpgradeAnswered(reply.raw, () => operation.end(reply));
      operation.run(done);
    });
    addResponseHooks(instance, (request) => (request as unknown as Operations)[key]);
    // Children inherit the server of the root instance, and see only their own routes.
    if (Object.hasOwn(instance, 'server')) watchUnrouted(instance.server, config, options);
  },
  { name: '@otel-middleware/fastify', fastify: '>=4.23.0 <6' },
);

type OperationOf = (request: FastifyRequest) => ServerOperation<FastifyReply> | null | undefined;

function addResponseHooks(instance: FastifyInstance, operationOf: OperationOf): void {
  // Runs before all error handlers, also for errors that came before `preValidation`.
  instance.addHook('onError', (request, _reply, error, done) => {
    const operation = operationOf(request);
    if (!operation) return done();
    operation.recordError(error);
    operation.resume(done);
  });
  instance.addHook('onSend', (request, reply, payload, done) => {
    const operation = operationOf(request);
    if (operation) {
      // The reply's headers have not gone to the response yet, so hooks can still add to them in Fastify's way.
      if (operation.needs.head) operation.commit(reply);
      onBodyError(payload, (error) => operation.recordError(error));
    }
    done();
  });
}
