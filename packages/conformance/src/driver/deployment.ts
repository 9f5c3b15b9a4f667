import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createServer as createHttp2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import { createServer as createHttpsServer } from 'node:https';
import type { ListenOptions } from 'node:net';
import type { HttpServerOptions } from '@otel-middleware/core';
import type { Application } from '../fixture/application.js';
import { serverTls } from './pre-shared-key.js';

/** The protocol of the server: `http/1.1` and `h2` without TLS, `https` with it. */
export type Protocol = 'http/1.1' | 'https' | 'h2';

/** The places where the middleware is registered. */
export type Registration = 'once' | 'twice' | 'sub-app' | 'server' | 'after-routes';

/** The application that an adapter has to serve for one test. */
export interface Deployment {
  /** The handlers behind the routes. */
  readonly application: Application;
  /** The options of the adapter's verb; `undefined` leaves the middleware out altogether. */
  readonly options: HttpServerOptions<unknown, unknown> | undefined;
  /**
   * `twice`: on the same application; `sub-app`: also on the application of the endpoint `subApp`; `server`:
   * also around the server's listener, with `instrumentListener` and the same options; `after-routes`: once,
   * behind all routes.
   */
  readonly registration: Registration;
  /** Proxies on loopback are trusted, by the framework's own setting where it has one. */
  readonly trustLoopback: boolean;
  readonly protocol: Protocol;
  readonly listenOptions: ListenOptions;
}

/** A server that listens. */
export interface Served {
  readonly server: Server | HttpsServer | Http2Server;
  /** Adds the endpoints `late` and `lateMounted` to the running application. */
  readonly addLateRoutes?: (() => void) | undefined;
}

/** Makes the server that a deployment asks for, lets it serve `listener`, and waits until it listens. */
export function serveListener(
  listener: RequestListener | ((request: Http2ServerRequest, response: Http2ServerResponse) => unknown),
  { protocol, listenOptions }: Pick<Deployment, 'protocol' | 'listenOptions'>,
  addLateRoutes?: () => void,
): Promise<Served> {
  const server = serverOf(protocol, listener as RequestListener);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOptions, () => resolve({ server, addLateRoutes }));
  });
}

function serverOf(protocol: Protocol, listener: RequestListener): Served['server'] {
  if (protocol === 'h2') return createHttp2Server(listener as never);
  return protocol === 'https' ? createHttpsServer(serverTls, listener) : createServer(listener);
}
