import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponseGetter, ServerOperation } from '@otel-middleware/core';
import { onHeadWritten } from '@otel-middleware/node-http';

/** The answer to a handshake, as hooks see it. */
export interface Handshake {
  /** 101, or the code of the refusal; `undefined` as long as nothing was written. */
  readonly status: number | undefined;
  /** The lines of the head, such as `Upgrade: websocket`; what is added before a 101 is sent goes with it. */
  readonly headers: readonly string[];
}

/** The same while it is under way. */
interface HandshakeUnderway {
  status: number | undefined;
  headers: string[];
  /** True when the head was written, not only prepared. */
  written: boolean;
}

/** Reads and adds to the head that answers a handshake. */
export const handshakeResponse: HttpResponseGetter<Handshake> = {
  statusCode: ({ status }) => status,
  keys: ({ headers }) => headers.map((line) => nameOf(line)),
  headerValues: ({ headers }, name) => {
    const values = headers
      .filter((line) => nameOf(line) === name)
      .map((line) => line.slice(line.indexOf(':') + 1).trim());
    return values.length === 0 ? undefined : values;
  },
  setHeader: ({ headers }, name, value) => {
    const lines = headers as string[];
    const others = lines.filter((line) => nameOf(line) !== name.toLowerCase());
    // The array is the one that the server joins and writes.
    lines.splice(0, lines.length, ...others, `${name}: ${value}`);
  },
};

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

const UNDERWAY: unique symbol = Symbol('handshakes of a request');

type UpgradeRequest = IncomingMessage & { [UNDERWAY]?: ((headers: string[]) => void)[] };

/** Tells the handshakes of a request that its 101 is about to be written, with lines that they may add to. */
export function aboutToAccept(headers: string[], request: UpgradeRequest): void {
  for (const accept of request[UNDERWAY]?.splice(0) ?? []) accept(headers);
}

/**
 * Follows a handshake to its end: a refusal that is written to the socket, by whomever, or a client that leaves before.
 *
 * @returns what is to be called when it is over otherwise, with what was thrown, if anything was.
 */
export function followHandshake(
  operation: ServerOperation<Handshake>,
  request: UpgradeRequest,
  socket: Duplex,
): (error?: unknown) => void {
  const handshake: HandshakeUnderway = { status: undefined, headers: [], written: false };
  const onClose = (): void => end({ aborted: true, error: destroyedWith(socket) });
  const end = (outcome?: { aborted?: boolean; error?: unknown }): void => {
    socket.removeListener('close', onClose);
    operation.end(handshake.written ? handshake : undefined, outcome);
  };
  // A client that has left while the application made up its mind; there is no event to come.
  if (socket.closed) onClose();
  else socket.once('close', onClose);
  request[UNDERWAY] ??= [];
  request[UNDERWAY].push((headers) => {
    handshake.status = 101;
    // The first line is that of the status.
    const [statusLine = '', ...lines] = headers;
    handshake.headers = lines;
    operation.commit(handshake);
    headers.splice(0, headers.length, statusLine, ...handshake.headers);
  });
  onHeadWritten(socket, ({ status, lines }) => {
    Object.assign(handshake, { status, headers: lines, written: true });
    if (status !== 101) end();
  });
  return (error) => end(error === undefined ? undefined : { aborted: true, error });
}

/** The error with which the application has destroyed a socket. A system error only says that the client has left. */
function destroyedWith({ errored }: Duplex): Error | undefined {
  return errored === null || 'syscall' in errored ? undefined : errored;
}
