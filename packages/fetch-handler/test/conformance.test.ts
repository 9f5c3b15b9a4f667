import { Readable } from 'node:stream';
import type { HttpBindings } from '@hono/node-server';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { instrumentFetch } from '@otel-middleware/client';
import type { Answer, Application, Deployment } from '@otel-middleware/conformance';
import {
  describeConformance,
  HandledError,
  plainEndpointList,
  serveListener,
} from '@otel-middleware/conformance';
import { setHttpRoute } from '@otel-middleware/core';
import { instrumentListener } from '@otel-middleware/node-http';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { FetchHandlerOptions } from '../src/index.js';
import { instrumentHandler } from '../src/index.js';
import { gaps } from './gaps.js';

type Handler = (request: Request, node: HttpBindings) => Response | Promise<Response>;

const routes = plainEndpointList.map((endpoint) => ({
  ...endpoint,
  pattern: new RegExp(`^${endpoint.path.replace(/:\w+/g, '[^/]+')}$`),
}));

function responseOf({ status, headers = {}, body }: Answer): Response {
  const fields = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  const content = typeof body === 'string' ? body : (Readable.toWeb(body) as unknown as ReadableStream);
  return new Response(status === 204 || status === 304 ? null : content, { status, headers: fields });
}

/** Turns what a handler throws into the status that the path names. */
async function swallow(application: Application, target: string): Promise<Response> {
  setHttpRoute('/swallowed/:status');
  try {
    await application.answer('swallowed', { target });
  } catch {
    return new Response('swallowed', { status: Number(target.split('/').at(-1)) });
  }
  throw new Error('the handler of swallowed did not throw');
}

/** An application in the application, which knows below which path it is mounted. */
function subApplicationHandler(application: Application): Handler {
  return async (_request, { incoming }) => {
    setHttpRoute('/sub/:y/things/:id');
    return responseOf(await application.answer('subApp', { target: incoming.url as string }));
  };
}

/** The routes of an application. It throws where its handlers do, and rejects where they do. */
async function route(
  application: Application,
  parts: { sub: Handler; app: () => Handler },
  request: Request,
  node: HttpBindings,
): Promise<Response> {
  const { method, url } = request;
  const target = node?.incoming.url ?? url.slice(url.indexOf('/', 8));
  const [path = ''] = target.split('?', 1);
  if (path.startsWith('/sub/')) return parts.sub(request, node);
  if (path.startsWith('/swallowed/')) return swallow(application, target);
  if (path === '/internal') {
    setHttpRoute('/internal');
    await parts.app()(new Request('http://localhost/orders/42'), undefined as never);
    return responseOf(await application.answer('internal', { target }));
  }
  const asked = method === 'HEAD' ? 'GET' : method;
  const found = routes.find(
    (endpoint) => ['ALL', asked].includes(endpoint.method) && endpoint.pattern.test(path),
  );
  if (found === undefined) return new Response('not found', { status: 404 });
  decodeURIComponent(path);
  setHttpRoute(found.path);
  if (found.raw) {
    await application.answerRaw(found.name, node.incoming, node.outgoing as never);
    return RESPONSE_ALREADY_SENT;
  }
  const body = found.name === 'upload' ? await request.json() : undefined;
  return responseOf(await application.answer(found.name, { target, body }));
}

/** The application with its own error handler, a try and catch inside the handler. */
function applicationHandler(application: Application, parts: { sub: Handler; app: () => Handler }): Handler {
  return async (request, node) => {
    application.pass();
    try {
      return await route(application, parts, request, node);
    } catch (error) {
      if (error instanceof URIError) return new Response('malformed', { status: 400 });
      if (error instanceof HandledError) return responseOf(application.answerError(error) as Answer);
      throw error;
    }
  };
}

/** The server's handling of errors that come out of a handler. */
function errorHandler(application: Application): (error: unknown) => Response {
  return (error) => {
    application.answerError(error);
    return new Response(String(error), {
      status: (error as { status?: number } | null | undefined)?.status ?? 500,
    });
  };
}

function listenerFor({ application, registration, trustLoopback, ...deployment }: Deployment) {
  const trusted = trustLoopback && {
    trustProxy: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'],
  };
  const options = deployment.options && ({ ...deployment.options, ...trusted } as FetchHandlerOptions);
  const instrumented = (handler: Handler): Handler =>
    options === undefined ? handler : instrumentHandler(handler, options);
  const subHandler = subApplicationHandler(application);
  const sub = registration === 'sub-app' ? instrumented(subHandler) : subHandler;
  const once: Handler = instrumented(applicationHandler(application, { sub, app: () => once }));
  const handler = registration === 'twice' ? instrumented(once) : once;
  const listener = getRequestListener(handler as never, {
    hostname: 'localhost',
    errorHandler: errorHandler(application),
  });
  return options && registration === 'server'
    ? instrumentListener(listener as never, options as object)
    : listener;
}

describeConformance('fetch-handler', {
  adapter: 'fetch-handler',
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  handledErrors: 'unseen',
  serve: (deployment) => serveListener(listenerFor(deployment) as never, deployment),
  native: {
    isRequest: (value) => value instanceof Request,
    isResponse: (value) => value instanceof Response || typeof (value as Response).status === 'number',
    requestHeader: (request, name) => (request as Request).headers.get(name),
    setResponseHeader: (response, name, value) => (response as Response).headers.set(name, value),
  },
});
