// A chat: rooms over WebSockets, beside an Express application on the same port.
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/express';
import { instrumentWebSocketServer } from '@otel-middleware/ws';
import express from 'express';
import { WebSocketServer } from 'ws';

const tracer = trace.getTracer('chat');
const members = new Map();
const membersOf = (room) => members.get(room) ?? [];
const roomOf = ({ url }) => /^\/rooms\/(\w+)$/.exec(url)?.[1];

const app = express();
app.use(opentelemetry());
app.get('/rooms/:room', (request, response) => {
  response.json({ members: membersOf(request.params.room).length });
});

const server = createServer(app);
const chat = new WebSocketServer({
  server,
  verifyClient: ({ req }, verified) => verified(roomOf(req) !== undefined, 404),
});
instrumentWebSocketServer(chat, {
  route: (request) => (roomOf(request) === undefined ? undefined : '/rooms/:room'),
  messageSpans: true,
  receiveHook: (span, _message, request) => span.setAttribute('chat.room', roomOf(request)),
});

chat.on('connection', (socket, request) => {
  const room = roomOf(request);
  members.set(room, [...membersOf(room), socket]);
  socket.on('message', async (data) => {
    // The span of the message is active, so what the application makes and sends for it is part of its trace.
    const text = await tracer.startActiveSpan('moderate', async (span) => {
      await wait(5);
      span.end();
      return String(data).replace(/darn/g, 'd**n');
    });
    for (const member of membersOf(room)) member.send(text);
  });
  socket.on('close', () =>
    members.set(
      room,
      membersOf(room).filter((member) => member !== socket),
    ),
  );
});

server.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/rooms/tea`);
});
