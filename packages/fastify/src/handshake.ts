import type { ServerResponse } from 'node:http';
import { onHeadWritten } from '@otel-middleware/node-http';

const STATUS: unique symbol = Symbol('status code of the handshake');

type WithHandshakeStatus = ServerResponse & { [STATUS]?: number };

/** The status code that was written past a response, if any. */
export function handshakeStatus(response: WithHandshakeStatus): number | undefined {
  return response[STATUS];
}

/** Calls `listener` when somebody answers an upgrade by writing to the socket, past its response. */
export function onUpgradeAnswered(response: WithHandshakeStatus, listener: () => void): void {
  if (response.socket === null) return;
  onHeadWritten(response.socket, ({ status }) => {
    // The head of a refusal that goes through the response is its own.
    if (response.headersSent) return;
    response[STATUS] = status;
    listener();
  });
}
