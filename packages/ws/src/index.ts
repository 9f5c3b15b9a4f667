export type { Handshake } from './handshake.js';
export type { InstrumentedWebSocketServer, WebSocketServerOptions } from './server.js';
export { instrumentWebSocketServer } from './server.js';
