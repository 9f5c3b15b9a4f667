// The server of `sockets.js` as a process of its own: `node --expose-gc socket-server.js`. Its paths are the ways in which a
// connection can end; on request it tells what is still there of all that it has served.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { instrumentWebSocketServer } from '@otel-middleware/ws';
import { WebSocketServer } from 'ws';
import { registerTelemetry } from './telemetry.js';

const spans = { open: 0, messages: 0 };
/** The number of handshakes that have ended in each way, by path. */
let outcomes = {};
registerTelemetry({
  onStart: () => void spans.open++,
  onEnd: ({ attributes }) => {
    spans.open--;
    const path = attributes['url.path'];
    if (path === undefined) return void spans.messages++;
    const outcome = attributes['http.response.status_code'] ?? attributes['error.type'];
    outcomes[path] ??= {};
    outcomes[path][outcome] = (outcomes[path][outcome] ?? 0) + 1;
  },
  forceFlush: async () => {},
  shutdown: async () => {},
});

/** The number of objects of each kind that exist, as the garbage collector tells. */
const alive = { sockets: 0, webSockets: 0, requests: 0 };
const collected = new FinalizationRegistry((kind) => void alive[kind]--);
const follow = (kind, object) => {
  alive[kind]++;
  collected.register(object, kind);
};

const VERIFY_MILLIS = 300;
const PONG_MILLIS = 30;

/** The ways in which the server ends a socket that it has accepted; other endings are up to the client. */
const ENDINGS = {
  '/server-close': (socket) => socket.close(1000, 'bye'),
  '/server-terminate': (socket) => socket.terminate(),
  '/server-destroy': (_socket, request) => request.socket.destroy(),
  '/ping-timeout': (socket) => {
    socket.ping();
    const timeout = setTimeout(() => socket.terminate(), PONG_MILLIS);
    socket.on('pong', () => clearTimeout(timeout));
  },
};

function verifyClient({ req }, verified) {
  if (req.url === '/refused') verified(false, 403);
  else if (req.url === '/abort-handshake') setTimeout(verified, VERIFY_MILLIS, true);
  else verified(true);
}

const server = createServer();
server.on('upgrade', (request, socket) => {
  follow('requests', request);
  follow('sockets', socket);
});
const wss = new WebSocketServer({ server, verifyClient, maxPayload: 1024 });
instrumentWebSocketServer(wss, {
  route: ({ url }) => url,
  receiveHook: () => {},
  sendHook: () => {},
  messageSpans: true,
});
wss.on('connection', (socket, request) => {
  follow('webSockets', socket);
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, { binary }));
  ENDINGS[request.url]?.(socket, request);
});

const emitters = [server, wss, process];
const listenersOf = () =>
  emitters.reduce(
    (sum, emitter) =>
      sum + emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name), 0),
    0,
  );

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit(0));
process.on('message', async () => {
  // Finalizers run when the process has nothing else to do.
  for (let pass = 0; pass < 10; pass++) {
    globalThis.gc();
    await sleep(20);
  }
  const connections = await new Promise((resolve) =>
    server.getConnections((_error, count) => resolve(count)),
  );
  process.send({
    outcomes,
    left: { spans: spans.open, connections, clients: wss.clients.size, ...alive },
    messageSpans: spans.messages,
    listeners: listenersOf(),
    heap: process.memoryUsage().heapUsed,
  });
  outcomes = {};
});
