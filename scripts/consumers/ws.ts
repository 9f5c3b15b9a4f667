import { deepStrictEqual } from 'node:assert';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { instrumentWebSocketServer } from '@otel-middleware/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { endedSpans } from './telemetry.js';

export async function consume(): Promise<void> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  instrumentWebSocketServer(wss, { route: '/rooms/:room' });
  await once(wss, 'listening');
  const socket = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}/rooms/7`);
  await once(socket, 'open');
  deepStrictEqual(endedSpans(), ['SERVER GET /rooms/:room @otel-middleware/ws']);
  socket.close();
  await once(socket, 'close');
  wss.close();
  await once(wss, 'close');
}
