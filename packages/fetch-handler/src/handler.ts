import type { HttpServerOptions } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { settle } from '@otel-middleware/core/internal';
import { environmentOf, keepEnvironment } from './connection.js';
import { Exchange } from './exchange.js';
import { startOnPlatform } from './platform-span.js';
import type { FetchSource } from './request.js';
import { fetchRequest } from './request.js';
import { fetchResponse, responseOf, sentStatus, withMutableHeaders } from './response.js';
import type { TrustProxyOption } from './trusted-headers.js';
import { compileTrustedHeaders } from './trusted-headers.js';
import { VERSION } from './version.js';

const NAME = '@otel-middleware/fetch-handler';

/** Options of {@link instrumentHandler}: those of every adapter, and which headers are trusted. */
export interface FetchHandlerOptions extends HttpServerOptions<Request, Response>, TrustProxyOption {}

/** A handler's answer; `undefined` where Bun has upgraded the request. */
export type FetchAnswer = Response | undefined;

/**
 * Wraps a fetch handler, as `Bun.serve`, `Deno.serve` and Workers take it, so that each request becomes one server span.
 *
 * There is no router here, so the span is named by the method alone until the handler calls `setHttpRoute`. What the
 * handler throws or rejects with is recorded and goes on to the runtime. On Workers the span is exported before the isolate
 * sleeps. Under Deno's own tracing the span is Deno's, and it is enriched.
 *
 * @throws TypeError when the handler is no function, or an option is unknown or ill-typed.
 */
export function instrumentHandler<
  Req extends Request,
  Rest extends unknown[],
  Result extends FetchAnswer | Promise<FetchAnswer>,
>(
  handler: (request: Req, ...rest: Rest) => Result,
  options: FetchHandlerOptions = {},
): (request: Req, ...rest: Rest) => Result {
  if (typeof handler !== 'function')
    throw new TypeError(
      `${NAME}: the first argument must be a handler, (request) => Response, such as app.fetch and not app.`,
    );
  const { trustProxy } = options ?? {};
  const instrumentation = createHttpServerInstrumentation<Request, Response, FetchSource>({
    scope: { name: NAME, version: VERSION },
    framework: 'fetch-handler',
    ...fetchRequest<Request>(
      { request: (request) => request, environment: (request) => environmentOf(request) },
      compileTrustedHeaders(NAME, trustProxy),
    ),
    response: { ...fetchResponse<Response>((response) => response), statusCode: ({ status }) => status },
    options,
    adapterOptions: ['trustProxy'],
  });
  return function opentelemetry(this: unknown, request, ...rest) {
    keepEnvironment(request, rest[0]);
    const operation = startOnPlatform(instrumentation, request);
    const call = (): Result => handler.call(this, request, ...rest);
    if (operation === undefined) return call();
    if (operation.kind === 'excluded') return operation.run(call);
    const environment = environmentOf(request);
    const exchange = new Exchange<Response>(operation, {
      request,
      environment,
      execution: rest[1],
      tracerProvider: options.tracerProvider,
      finish: (response) => sentResponse(request, environment, response),
    });
    const answered = (answer: FetchAnswer): FetchAnswer => {
      // What is no response is the runtime's to complain of.
      if (typeof answer?.status !== 'number') {
        exchange.answer(undefined);
        return answer;
      }
      if (!operation.needs.head) return exchange.answer(answer);
      const response = withMutableHeaders(answer);
      operation.commit(response);
      return exchange.answer(response);
    };
    return settle(
      () => exchange.run(call),
      answered,
      (error) => exchange.fail(error),
    ) as Result;
  };
}

/** Returns the handler's answer, unless the server has answered by itself since. */
function sentResponse(
  request: Request,
  environment: unknown,
  response: Response | undefined,
): Response | undefined {
  const status = sentStatus(request, environment, response);
  if (status === undefined) return undefined;
  return status === response?.status ? response : responseOf(status);
}
