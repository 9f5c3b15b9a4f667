import { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { instrumentFetch } from '@otel-middleware/client';
import type { Answer, Application, Deployment, Served } from '@otel-middleware/conformance';
import {
  describeConformance,
  HandledError,
  plainEndpointList,
  serveListener,
} from '@otel-middleware/conformance';
import { setHttpRoute } from '@otel-middleware/core';
import { TraceContextPropagator } from '@otel-middleware/sdk';
import type { ListenerOptions } from '../src/index.js';
import { instrumentListener } from '../src/index.js';
import { gaps } from './gaps.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

const routes = plainEndpointList.map((endpoint) => ({
  ...endpoint,
  pattern: new RegExp(`^${endpoint.path.replace(/:\w+/g, '[^/]+')}$`),
}));

function send(response: ServerResponse, { status, headers = {}, body }: Answer): unknown {
  response.writeHead(status, headers as Record<string, string | string[]>);
  return typeof body === 'string' ? response.end(body) : pipeline(body, response);
}

/** Turns what a handler throws into the status that the path names. */
function swallow(application: Application, target: string, response: ServerResponse): unknown {
  setHttpRoute('/swallowed/:status');
  try {
    return application.answer('swallowed', { target });
  } catch {
    return send(response, { status: Number(target.split('/').at(-1)), body: 'swallowed' });
  }
}

/** An application in the application, which knows below which path it is mounted. */
function subApplicationListener(application: Application): Listener {
  return async (request, response) => {
    setHttpRoute('/sub/:y/things/:id');
    await send(response, await application.answer('subApp', { target: request.url as string }));
  };
}

/** The routes of an application on plain Node. It throws where its handlers do, and rejects where they do. */
function route(
  application: Application,
  subListener: Listener,
  request: IncomingMessage,
  response: ServerResponse,
): unknown {
  const { method, url: target } = request as { method: string; url: string };
  const [path = ''] = target.split('?', 1);
  const found = routes.find(
    (endpoint) =>
      ['ALL', method === 'HEAD' ? 'GET' : method].includes(endpoint.method) && endpoint.pattern.test(path),
  );
  if (path.startsWith('/sub/')) return subListener(request, response);
  if (path.startsWith('/swallowed/')) return swallow(application, target, response);
  if (found === undefined) return send(response, { status: 404, body: 'not found' });
  decodeURIComponent(path);
  setHttpRoute(found.path);
  if (found.raw) return application.answerRaw(found.name, request, response);
  const answered = (body?: unknown): unknown => {
    const answer = application.answer(found.name, { target, body });
    return answer instanceof Promise ? answer.then((one) => send(response, one)) : send(response, answer);
  };
  return found.name === 'upload' ? json(request).then(answered) : answered();
}

/** The application with its own error handler, which plain Node leaves to a try and catch inside the listener. */
function applicationListener(application: Application, subListener: Listener): Listener {
  return (request, response) => {
    const handle = (error: unknown): unknown => {
      if (error instanceof URIError) return send(response, { status: 400, body: 'malformed' });
      if (error instanceof HandledError) return send(response, application.answerError(error) as Answer);
      throw error;
    };
    application.pass();
    try {
      const result = route(application, subListener, request, response);
      return result instanceof Promise ? result.catch(handle) : result;
    } catch (error) {
      return handle(error);
    }
  };
}

/** The process's handling of errors that come out of a listener, in place of ending. */
function lastResort(listener: Listener, application: Application): Listener {
  return async (request, response) => {
    try {
      await listener(request, response);
    } catch (error) {
      application.answerError(error);
      const status = (error as { status?: number } | null | undefined)?.status ?? 500;
      if (response.headersSent) response.destroy();
      else send(response, { status, body: String(error) });
    }
  };
}

function serve(deployment: Deployment): Promise<Served> {
  const { application, options, registration, trustLoopback } = deployment;
  const own: ListenerOptions<IncomingMessage, ServerResponse> = {
    ...options,
    ...(trustLoopback ? { trustProxy: 'loopback' } : {}),
  };
  const instrumented = (listener: Listener): Listener =>
    options === undefined ? listener : instrumentListener(listener, own);
  const subListener = subApplicationListener(application);
  const subApplication = registration === 'sub-app' ? instrumented(subListener) : subListener;
  const once = instrumented(applicationListener(application, subApplication));
  const twice = registration === 'twice' || registration === 'server';
  return serveListener(lastResort(twice ? instrumented(once) : once, application), deployment);
}

describeConformance('node-http', {
  adapter: 'node-http',
  serve,
  gaps,
  outbound: { instrumentFetch, propagator: new TraceContextPropagator() },
  handledErrors: 'unseen',
  native: {
    isRequest: (value) => value instanceof IncomingMessage,
    isResponse: (value) => value instanceof ServerResponse,
    requestHeader: (request, name) => (request as IncomingMessage).headers[name] as string | undefined,
    setResponseHeader: (response, name, value) => void (response as ServerResponse).setHeader(name, value),
  },
});
