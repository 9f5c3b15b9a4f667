import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { verifyExample } from '@otel-middleware/example-verification';
import { WebSocket } from 'ws';

const ROOM = 'GET /rooms/:room';
const answered = (status) =>
  `SERVER ${ROOM}  [chat]  http.response.status_code=${status}  http.route="/rooms/:room"`;
const message = (what) => `INTERNAL ${what}  [chat]  → [chat] ${ROOM}`;

async function join(url) {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

async function leave(socket) {
  socket.close(1000);
  await once(socket, 'close');
  // The server is told that the connection has closed a moment later.
  await wait(100);
}

await verifyExample({
  cwd: import.meta.dirname,
  command: ['--import', '@otel-middleware/sdk/register', 'server.js'],
  serviceName: 'chat',
  async requests(url) {
    const ada = await join(`${url}/rooms/tea`);
    const bob = await join(`${url}/rooms/tea`);
    await fetch(`${url}/rooms/tea`);
    const heard = Promise.all([once(ada, 'message'), once(bob, 'message')]);
    ada.send('darn cold tea');
    await heard;
    ada.ping();
    await once(ada, 'pong');
    await leave(ada);
    await leave(bob);
    await once(new WebSocket(`${url}/nowhere`), 'error');
  },
  expected: `
${answered(101)}
${answered(101)}
${answered(200)}
${message('receive text')}
├─ INTERNAL moderate  [chat]
├─ ${message('send text')}
└─ ${message('send text')}
${message('send pong')}
${message('receive ping')}
${message('send close')}
${message('receive close')}
${message('send close')}
${message('receive close')}
SERVER GET  [chat]  http.response.status_code=404`,
});
