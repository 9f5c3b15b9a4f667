import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { diag } from '@opentelemetry/api';
import type { Application } from './routes/express-internals.js';
import { applicationRouter, isApplication, isRouter } from './routes/express-internals.js';

/** On which Node tells of every request before any listener is called. */
const REQUEST_START = 'http.server.request.start';

/**
 * Warns once when a middleware turns out to be registered after routes or routers.
 *
 * Requests that are answered there never reach it, so this does not wait for a call: it looks at the applications of
 * servers that receive requests.
 *
 * @returns what the middleware must call when it is called itself, with the application; from the second call on it does
 * nothing.
 */
export function watchRegistration(middleware: unknown): (app: Application | undefined) => void {
  const seen = new WeakSet<Server>();
  let watching = true;
  const stop = (): void => {
    watching = false;
    unsubscribe(REQUEST_START, onRequest);
  };
  function onRequest(message: unknown): void {
    const { server } = message as { server: Server };
    if (seen.has(server)) return;
    seen.add(server);
    for (const listener of server.listeners('request'))
      if (isApplication(listener) && check(listener, middleware)) stop();
  }
  subscribe(REQUEST_START, onRequest);
  return (app) => {
    if (!watching) return;
    stop();
    if (app !== undefined) check(app, middleware);
    else
      diag.warn(
        '@otel-middleware/express: a router that is served without an application is not traced. Mount it: express().use(router).',
      );
  };
}

/** Warns if the middleware is in the wrong place; returns whether it is registered in this application at all. */
function check(app: Application, middleware: unknown): boolean {
  const { stack = [] } = applicationRouter(app) ?? {};
  const place = stack.findIndex(({ handle }) => handle === middleware);
  if (place === -1) return false;
  const first = stack.find(
    ({ route, handle }) => route !== undefined || isRouter(handle) || isApplication(handle),
  );
  if (first !== undefined && stack.indexOf(first) < place) {
    const what = first.route === undefined ? 'a router' : `the route ${first.route.path}`;
    diag.warn(
      `@otel-middleware/express: opentelemetry() is registered after ${what}, and what is answered there is not traced. ` +
        'Call app.use(opentelemetry()) before all routes and routers.',
    );
  }
  return true;
}
