import { deepStrictEqual } from 'node:assert';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { endOnClose, nodeRequest, nodeResponse } from '@otel-middleware/core/node';
import { spansOfOneRequest } from './telemetry.js';

/** Uses the package as the author of an adapter does. */
export async function consume(): Promise<void> {
  const instrumentation = createHttpServerInstrumentation<IncomingMessage, ServerResponse>({
    scope: { name: 'adapter', version: '1.0.0' },
    framework: 'adapter',
    request: nodeRequest(
      (request) => request,
      () => undefined,
    ),
    response: nodeResponse((response) => response),
  });
  const server = createServer((request, response) => {
    const operation = instrumentation.start(request);
    if (operation === undefined) throw new Error('There is an SDK, so each request has an operation.');
    operation.setRoute('/orders/{id}');
    endOnClose(operation, request, response, response);
    operation.run(() => response.end('ok'));
  });
  deepStrictEqual(await spansOfOneRequest(server), ['SERVER GET /orders/{id} adapter']);
}
