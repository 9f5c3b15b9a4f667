import type { Server } from 'node:http';
import type { HttpServerInstrumentationConfig, HttpServerOptions } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import type { NodeRequest, NodeResponse } from '@otel-middleware/node-http';
import { nodeRequest, nodeResponse, watchResponse } from '@otel-middleware/node-http';

/** Marks the Node request of a request that hooks have seen, for every copy of this package. */
const SEEN: unique symbol = Symbol.for('otel-middleware.fastify.seen.v1');

/** Tells that hooks of this plugin run for a request. */
export function markSeen(request: NodeRequest & { [SEEN]?: true }): void {
  request[SEEN] = true;
}

/**
 * Makes a span of what Fastify answers before any hook: URLs that cannot be decoded, parameters that are too long, and
 * requests to a server that is closing.
 *
 * It listens behind Fastify, which answers these at once. There is no Fastify request, so no hook and no predicate is called.
 */
export function watchUnrouted<Req, Res>(
  server: Pick<Server, 'on'>,
  config: Pick<HttpServerInstrumentationConfig<Req, Res>, 'scope' | 'framework'>,
  options: HttpServerOptions<Req, Res>,
): void {
  const instrumentation = createHttpServerInstrumentation<NodeRequest, NodeResponse>({
    ...config,
    request: nodeRequest((request) => request),
    response: nodeResponse((response) => response),
    options: withoutCallbacks(options),
  });
  server.on('request', (request: NodeRequest & { [SEEN]?: true }, response) => {
    if (request[SEEN] || !response.headersSent) return;
    const operation = instrumentation.start(request);
    if (operation !== undefined) watchResponse(operation, request, response, response);
  });
}

function withoutCallbacks<Req, Res>(
  options: HttpServerOptions<Req, Res>,
): HttpServerOptions<NodeRequest, NodeResponse> {
  const { excludedUrls, publicEndpoint } = options;
  return {
    ...options,
    excludedUrls:
      typeof excludedUrls === 'object'
        ? excludedUrls.filter((entry) => typeof entry !== 'function')
        : excludedUrls,
    // Whether the caller is a stranger is not known, so it is taken for one.
    publicEndpoint: typeof publicEndpoint === 'function' ? true : publicEndpoint,
    requestHook: undefined,
    responseHook: undefined,
    receiveHook: undefined,
    sendHook: undefined,
  };
}
