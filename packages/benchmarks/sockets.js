// Whether WebSockets leave anything behind: `node sockets.js [--connections N] [--at-once N]`.
//
// Opens so many connections, dropped in eleven ways, in four rounds, against a server with every option of `@otel-middleware/ws`
// on; then asks it for the spans that are open, and for the sockets, requests and listeners that still exist after a
// collection of garbage. Ends with code 1 when anything is left. Loopback only; ends by itself.
import { once } from 'node:events';
import { connect } from 'node:net';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { message, start } from './processes.js';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    'at-once': { type: 'string', default: '200' },
  },
});
const ROUNDS = 4;
const server = start('socket-server.js', [], 0);
const { port } = await message(server);

/** A connection that `end` ends when a message has gone there and back; without it that is up to the server. */
async function closed(path, end) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  socket.on('error', () => {});
  if (end !== undefined) {
    socket.once('open', () => socket.send('hello'));
    socket.once('message', () => end(socket));
  }
  await once(socket, 'close');
}

/** A handshake as bytes, and what follows when it was answered; ends with the connection. */
async function raw(path, { key = 'dGhlIHNhbXBsZSBub25jZQ==', end = () => {}, unanswered = false } = {}) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  if (unanswered) setTimeout(end, 100, socket);
  else socket.once('data', () => end(socket));
  socket.resume();
  await once(socket, 'close');
}

/** A frame of the reserved opcode 3, masked with zeros. */
const RESERVED = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);

/** The ways, and what their handshakes must have been answered with. */
const WAYS = {
  '/client-close': [101, () => closed('/client-close', (socket) => socket.close(1000))],
  '/client-terminate': [101, () => closed('/client-terminate', (socket) => socket.terminate())],
  '/server-close': [101, () => closed('/server-close')],
  '/server-terminate': [101, () => closed('/server-terminate')],
  '/server-destroy': [101, () => closed('/server-destroy')],
  '/ping-timeout': [101, () => raw('/ping-timeout')],
  '/error-frame': [101, () => raw('/error-frame', { end: (socket) => socket.write(RESERVED) })],
  '/too-big': [101, () => closed('/too-big', (socket) => socket.send('x'.repeat(2000)))],
  '/refused': [403, () => raw('/refused')],
  '/malformed': [400, () => raw('/malformed', { key: 'short' })],
  '/abort-handshake': [
    'client_disconnected',
    () => raw('/abort-handshake', { unanswered: true, end: (socket) => socket.destroy() }),
  ],
};

const ways = Object.entries(WAYS);
const perRound = Math.floor(Number(values.connections) / ROUNDS);
const heap = [];
/** The number of connections that were opened, and of handshakes that have ended in each way, by path. */
const opens = {};
const outcomes = {};
let told = await state();
const { listeners } = told;
const began = performance.now();
for (let round = 0; round < ROUNDS; round++) {
  let next = 0;
  const worker = async () => {
    while (next < perRound) {
      const [path, [, run]] = ways[next++ % ways.length];
      opens[path] = (opens[path] ?? 0) + 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: Number(values['at-once']) }, worker));
  told = await state();
  heap.push(told.heap);
  for (const [path, counts] of Object.entries(told.outcomes)) {
    outcomes[path] ??= {};
    for (const [outcome, count] of Object.entries(counts))
      outcomes[path][outcome] = (outcomes[path][outcome] ?? 0) + count;
  }
}
const seconds = (performance.now() - began) / 1000;
server.disconnect();

const left = { ...told.left, listeners: told.listeners - listeners };
console.log(
  `Node ${process.version}: ${ROUNDS * perRound} connections, ${values['at-once']} at once, ${seconds.toFixed(1)} s`,
);
for (const [path, counts] of Object.entries(outcomes).sort())
  console.log(
    `${path.padEnd(18)} ${Object.entries(counts)
      .map(([outcome, count]) => `${count} × ${outcome}`)
      .join(', ')}`,
  );
console.log(`message spans      ${told.messageSpans}`);
console.log(
  `left behind        ${Object.entries(left)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ')}`,
);
console.log(`heap, MB           ${heap.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(', ')}`);

const faults = [
  ...Object.entries(left)
    .filter(([, count]) => count !== 0)
    .map(([kind, count]) => `${count} ${kind} are left`),
  ...ways
    .map(([path, [expected]]) => [path, outcomes[path], { [expected]: opens[path] }])
    .filter(([, actual, expected]) => !isDeepStrictEqual(actual, expected))
    .map(([path, ...both]) => [path, ...both.map((one) => JSON.stringify(one))])
    .map(([path, actual, expected]) => `${path} was answered ${actual}, not ${expected}`),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

async function state() {
  server.send('state');
  return message(server);
}
