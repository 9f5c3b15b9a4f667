import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpServerOptions } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { settle } from '@otel-middleware/core/internal';
import { nodeRequest, nodeResponse } from '@otel-middleware/core/node';
import type { TrustProxy } from './forwarded.js';
import { compileTrust, forwardedBy } from './forwarded.js';
import type { NodeRequest, NodeResponse } from './node-messages.js';
import { watchResponse } from './response.js';
import { VERSION } from './version.js';

/** Options of {@link instrumentListener}: those of every adapter, and which proxies are trusted. */
export interface ListenerOptions<Req, Res> extends HttpServerOptions<Req, Res> {
  /**
   * The proxies whose `X-Forwarded-*` or `Forwarded` headers decide `client.address`, `url.scheme` and `server.address`, in
   * the forms of Express's `trust proxy`. Default: none, since clients can write these headers too.
   */
  trustProxy?: TrustProxy | undefined;
}

/**
 * Wraps a request listener of `http`, `https` or `http2` (compatibility API), so that each request becomes one server span.
 *
 * There is no router here, so the span is named by the method alone until the listener calls `setHttpRoute`. What the
 * listener throws or rejects with is recorded and goes on to Node as without us. Upgrades never reach a listener.
 *
 * Types that nothing tells are those of `http`.
 *
 * @throws TypeError when the listener is no function, or an option is unknown or ill-typed.
 */
export function instrumentListener<
  Req extends NodeRequest = IncomingMessage,
  Res extends NodeResponse = ServerResponse,
>(
  listener: (request: Req, response: Res) => unknown,
  options: ListenerOptions<Req, Res> = {},
): (request: Req, response: Res) => unknown {
  if (typeof listener !== 'function')
    throw new TypeError(
      '@otel-middleware/node-http: the first argument must be a request listener, (request, response) => {…}.',
    );
  const { trustProxy } = options ?? {};
  const trust = compileTrust(trustProxy);
  const instrumentation = createHttpServerInstrumentation<Req, Res>({
    scope: { name: '@otel-middleware/node-http', version: VERSION },
    framework: 'node-http',
    request: nodeRequest<Req>(
      (request) => request,
      forwardedBy(() => trust),
    ),
    response: nodeResponse<Res>((response) => response),
    options,
    adapterOptions: ['trustProxy'],
  });
  return function opentelemetry(this: unknown, request, response) {
    const operation = instrumentation.start(request);
    if (operation === undefined) return listener.call(this, request, response);
    watchResponse(operation, request, response, response);
    // Its errors are recorded nowhere.
    if (operation.kind === 'excluded') return operation.run(() => listener.call(this, request, response));
    // The promise returned is the one that rejects unhandled, as the listener's own would have done.
    return operation.run(() =>
      settle(
        () => listener.call(this, request, response),
        (result) => result,
        (error) => operation.recordError(error),
      ),
    );
  };
}
