type Write = (...args: never[]) => unknown;

/** A socket, by what writes to it. */
export interface HandshakeSocket {
  write(...args: never[]): unknown;
  end(...args: never[]): unknown;
}

/** The head of a response that was written to a socket past any response object. */
export interface WrittenHead {
  readonly status: number;
  /** The header lines, without the line of the status. */
  readonly lines: readonly string[];
}

/**
 * Calls `listener` when the head of a response is written to the socket, which is how libraries answer an upgrade. Accepted or
 * refused, the HTTP exchange is over then, while the socket may stay open for days.
 *
 * Only the first write is looked at, before it is done; then the socket has its own methods again.
 */
export function onHeadWritten(socket: HandshakeSocket, listener: (head: WrittenHead) => void): void {
  const { write, end } = socket;
  const observed = (method: Write): Write =>
    function (this: unknown, ...args: never[]) {
      Object.assign(socket, { write, end });
      const head = headOf(String(args[0]));
      if (head !== undefined) listener(head);
      return method.apply(this, args);
    };
  Object.assign(socket, { write: observed(write), end: observed(end) });
}

function headOf(text: string): WrittenHead | undefined {
  const status = /^HTTP\/1\.\d (\d{3})/.exec(text)?.[1];
  if (status === undefined) return undefined;
  const [head] = text.split('\r\n\r\n', 1);
  return { status: Number(status), lines: (head as string).split('\r\n').slice(1) };
}
