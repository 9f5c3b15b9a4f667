import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpServerOptions, ServerOperation } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { guardedHook, settle } from '@otel-middleware/core/internal';
import type { TrustProxy } from '@otel-middleware/node-http';
import { bindEmitter, compileTrust, forwardedBy, nodeRequest } from '@otel-middleware/node-http';
import type { WebSocketServer } from 'ws';
import type { Handshake } from './handshake.js';
import { aboutToAccept, followHandshake, handshakeResponse } from './handshake.js';
import { watchMessages } from './messages.js';
import { VERSION } from './version.js';

const NAME = '@otel-middleware/ws';

/** The template of the handshake's route, for all requests or for each. */
type Route = string | ((request: IncomingMessage) => string | undefined);

/** Options of {@link instrumentWebSocketServer}: those of every adapter, the route, and which proxies are trusted. */
export interface WebSocketServerOptions extends HttpServerOptions<IncomingMessage, Handshake> {
  /**
   * The route of the handshakes, such as `/rooms/:room`, or a function that tells it; there is no router to ask. Keep it a
   * template, never a concrete path. Default: none, and the span is named `GET`.
   */
  route?: Route | undefined;
  /**
   * The proxies whose `X-Forwarded-*` or `Forwarded` headers decide `client.address`, `url.scheme` and `server.address`, in
   * the forms of Express's `trust proxy`. Default: none, since clients can write these headers too.
   */
  trustProxy?: TrustProxy | undefined;
}

/** An instrumented server. */
export interface InstrumentedWebSocketServer {
  /** Leaves later handshakes alone. Sockets that are open stay as they are. */
  disable(): void;
}

/**
 * Makes one server span of every handshake of a server of `ws`, and the HTTP server metrics.
 *
 * The span ends with the handshake, with 101 or the status of the refusal; the socket may live on for days. Listeners of
 * `connection` and of the sockets run in its context. Where the upgrade request has a span already, of Fastify's, Hono's or
 * another registration of this family, that one is enriched.
 *
 * @throws TypeError when `wss` is no `WebSocketServer`, or an option is unknown or ill-typed.
 */
export function instrumentWebSocketServer(
  wss: WebSocketServer,
  options: WebSocketServerOptions = {},
): InstrumentedWebSocketServer {
  if (typeof wss?.handleUpgrade !== 'function')
    throw new TypeError(`${NAME}: the first argument must be a WebSocketServer of ws.`);
  const { route, trustProxy } = options ?? {};
  const trust = compileTrust(trustProxy);
  const instrumentation = createHttpServerInstrumentation<IncomingMessage, Handshake>({
    scope: { name: NAME, version: VERSION },
    framework: 'ws',
    request: {
      ...nodeRequest<IncomingMessage>(
        (request) => request,
        forwardedBy(() => trust),
      ),
      ...(route !== undefined && { route: routeReader(route) }),
    },
    response: handshakeResponse,
    options,
    adapterOptions: ['route', 'trustProxy'],
    resumesEndedOperations: true,
  });
  const { handleUpgrade } = wss;
  const inherited = !Object.hasOwn(wss, 'handleUpgrade');
  let enabled = true;
  const observed: HandleUpgrade = function (this: WebSocketServer, request, socket, head, callback) {
    const operation = enabled ? instrumentation.start(request) : undefined;
    const upgrade = (accepted: Accepted): void => handleUpgrade.call(this, request, socket, head, accepted);
    if (operation === undefined) upgrade(callback);
    else shakeHands(operation, { request, socket, upgrade, callback });
  };
  wss.handleUpgrade = observed;
  wss.on('headers', aboutToAccept);
  return {
    disable() {
      enabled = false;
      wss.removeListener('headers', aboutToAccept);
      // What somebody else has put before it since goes on to call it.
      if (wss.handleUpgrade !== observed) return;
      if (inherited) delete (wss as Partial<WebSocketServer>).handleUpgrade;
      else wss.handleUpgrade = handleUpgrade;
    },
  };
}

/** Evaluates the user's route, if it is a function. */
function routeReader(route: Route): (request: IncomingMessage) => string | undefined {
  if (typeof route === 'string') return () => route;
  if (typeof route === 'function')
    return guardedHook<[IncomingMessage], string | undefined>('route', route, undefined);
  throw new TypeError(`${NAME}: option "route" must be a template or a function that tells it.`);
}

type HandleUpgrade = WebSocketServer['handleUpgrade'];
type Accepted = Parameters<HandleUpgrade>[3];

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Does the handshake, and calls what it is given with the socket if that is accepted. */
  readonly upgrade: (accepted: Accepted) => void;
  readonly callback: Accepted;
}

function shakeHands(
  operation: ServerOperation<Handshake>,
  { request, socket, upgrade, callback }: Upgrade,
): void {
  const finish = isAnswered(operation) ? () => {} : followHandshake(operation, request, socket);
  const finishIfThrown = (step: () => void): void => void settle(step, () => {}, finish);
  const accepted: Accepted = (webSocket, ...rest) =>
    operation.resume(() => {
      bindEmitter(operation, webSocket);
      watchMessages(operation, webSocket);
      // Listeners of `connection` may still tell the route.
      finishIfThrown(() => callback(webSocket, ...rest));
      finish();
    });
  operation.run(() => finishIfThrown(() => upgrade(accepted)));
}

/** True if there is no handshake to follow: it is excluded, or another registration has answered it. */
function isAnswered({ kind }: ServerOperation<Handshake>): boolean {
  return kind === 'excluded' || kind === 'resumed';
}
