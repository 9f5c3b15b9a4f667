import type { ServerResponse } from 'node:http';

const STATUS: unique symbol = Symbol('status code of the handshake');

type Upgraded = ServerResponse & { [STATUS]?: number };

/** The status code that was written past a response, if any. */
export function handshakeStatus(response: Upgraded): number | undefined {
  return response[STATUS];
}

/**
 * Calls `listener` when somebody writes a head to the socket past its response, as libraries do that take over the
 * connection of an upgrade. Accepted or refused, the HTTP exchange is over then, while the socket may stay open for days.
 */
export function onHandshake(response: Upgraded, listener: () => void): void {
  const { socket } = response;
  if (socket === null) return;
  const { write, end } = socket;
  const observed = (method: (...args: never[]) => unknown) =>
    function (this: unknown, ...args: unknown[]): unknown {
      Object.assign(socket, { write, end });
      const [, status] = (!response.headersSent && /^HTTP\/1\.1 (\d{3})/.exec(String(args[0]))) || [];
      if (status !== undefined) {
        response[STATUS] = Number(status);
        listener();
      }
      return method.apply(this, args as never[]);
    };
  Object.assign(socket, { write: observed(write), end: observed(end) });
}
