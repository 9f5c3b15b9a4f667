import type { HttpResponseGetter } from '../http/getter.js';
import type { ResponseOutcome } from '../http/outcome.js';
import type { ServerOperation } from '../server/server-operation.js';
import { addInternalListener } from './event-context.js';
import type { NodeRequestLike, NodeResponseLike } from './request-and-response.js';

/**
 * Reads the Node response behind a framework's response.
 *
 * @param header - finds a header where the framework keeps them for itself until the head is sent.
 */
export function nodeResponse<Res>(
  raw: (response: Res) => NodeResponseLike,
  header: (response: Res, name: string) => unknown = (response, name) => raw(response).getHeader(name),
): HttpResponseGetter<Res> {
  return {
    statusCode: (response) => sentStatus(raw(response)),
    keys: (response) =>
      raw(response)
        .getHeaderNames()
        .filter((name) => !name.startsWith(':')),
    headerValues: (response, name) => {
      const value = header(response, name);
      if (value === undefined) return undefined;
      return Array.isArray(value) ? value.map(String) : [String(value)];
    },
    setHeader: (response, name, value) => {
      (raw(response) as { setHeader?(name: string, value: string): unknown }).setHeader?.(name, value);
    },
  };
}

/**
 * Ends the operation when the response is closed, whether it was sent in full, failed or was left by the client; at once
 * when it is closed already. One listener is added to the response.
 *
 * @param response - what the operation's getters and hooks know the response as.
 * @param beforeEnd - called first at the end, to tell the route that the router has matched by then.
 * @param sizes - tells the body sizes, where they are counted.
 */
export function endOnClose<Res>(
  operation: Pick<ServerOperation<Res>, 'kind' | 'end'>,
  request: NodeRequestLike,
  raw: NodeResponseLike,
  response: Res,
  beforeEnd?: () => void,
  sizes?: () => ResponseOutcome,
): void {
  const stream = streamOf(raw);
  let leaveQueue: (() => void) | undefined;
  const endServerOperation = (): void => {
    leaveQueue?.();
    const error = stream.errored ?? undefined;
    const aborted = error !== undefined || !isComplete(raw, stream, request);
    beforeEnd?.();
    if (sizes === undefined && !aborted) operation.end(response);
    else operation.end(response, { aborted, error, ...sizes?.() });
  };
  if (stream.destroyed || (stream !== raw && stream.closed)) {
    // Middleware before us has outlived the client; there is no event to come.
    endServerOperation();
    return;
  }
  // Whoever owns the span has been listening since before us, and ends it at this event.
  addInternalListener(
    raw,
    operation.kind === 'joined' ? 'prependListener' : 'on',
    'close',
    endServerOperation,
  );
  // What calls an application as a function of a cloud has no connection to close, and finishes before the response says so.
  if (isSimulated(stream))
    raw.on('finish', () => {
      beforeEnd?.();
      operation.end(response, sizes?.());
    });
  // A pipelined response waits for those before it without a socket, and is never told when that closes; Node 24 destroys it
  // with an error of its own, which is no failure of the application.
  if (raw === stream && stream.socket === null)
    leaveQueue = alsoOnSocketClose(request.socket, () => {
      beforeEnd?.();
      operation.end(response, { aborted: true, ...sizes?.() });
    });
}

/** The parts that are read of an HTTP/1 response, or of the stream below an HTTP/2 one. */
interface Stream {
  readonly errored?: Error | null;
  readonly destroyed?: boolean;
  readonly closed?: boolean;
  readonly writableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly socket?: { readonly destroyed?: boolean } | null;
  readonly aborted?: boolean;
  readonly rstCode?: number;
  readonly sentHeaders?: Readonly<Record<string, unknown>>;
}

function isHttp2(response: NodeResponseLike): response is NodeResponseLike & { readonly stream: Stream } {
  return 'stream' in response;
}

function streamOf(response: NodeResponseLike): Stream {
  return isHttp2(response) ? response.stream : (response as Stream);
}

/**
 * The code that was sent. Applications assign another one when they handle the failure of a body half sent, so it is read
 * from what went out, as far as Node shows that.
 */
function sentStatus(response: HeadedResponse): number | undefined {
  const head = response._header;
  if (typeof head === 'string') return codeInHead(response, head);
  if (!response.headersSent) return undefined;
  return (isHttp2(response) && Number(response.stream.sentHeaders?.[':status'])) || response.statusCode;
}

/** A response with what HTTP/1 keeps of its head: the text, which is there once it was made. */
type HeadedResponse = NodeResponseLike & { readonly statusMessage?: string; readonly _header?: unknown };

function codeInHead({ statusCode, statusMessage }: HeadedResponse, head: string): number {
  // Node sets the phrase as it makes the head, and to cut the code out of that is to copy all of it.
  if (statusCode === 200 && statusMessage === 'OK') return 200;
  return Number(head.slice(STATUS_START, STATUS_START + 3)) || statusCode;
}

/** A header as it was sent, however it was given: `writeHead` hands its headers on to nobody. */
export function sentHeader(response: NodeResponseLike, name: string): string | undefined {
  if (isHttp2(response)) return response.stream.sentHeaders?.[name] as string | undefined;
  const head = (response as { _header?: string | null })._header ?? '';
  return new RegExp(`^${name}: *(.*?)\\s*$`, 'im').exec(head)?.[1];
}

/** The position of the code in `HTTP/1.1 200 OK`. */
const STATUS_START = 'HTTP/1.1 '.length;

/** Tells what only stands for a socket, such as those of serverless-http, from a socket, and from none as yet. */
function isSimulated({ socket }: Stream): boolean {
  return socket != null && socket.destroyed === undefined;
}

/**
 * Tells whether the client has ended a connection. Where this end has, as a server does with its last responses when it shuts
 * down, it was after they were sent.
 */
function isLeft(socket: NodeRequestLike['socket']): boolean {
  return socket.destroyed === true && (socket.errored != null || socket.readableEnded === true);
}

/**
 * Tells whether everything was handed to the network: HTTP/2 streams finish even when the client has reset them, and
 * HTTP/1 responses even when the client has left a body that was waiting to be sent.
 */
function isComplete(response: NodeResponseLike, stream: Stream, request: NodeRequestLike): boolean {
  // Asked first, since it is what most are, and each question costs where the framework has made responses slow to read.
  if (stream === response && stream.writableFinished && !isLeft(request.socket)) return true;
  // The client may leave with the head, while the handler still writes what is dropped.
  if (response.headersSent && !hasBody(request, response)) return true;
  if (stream !== response)
    return stream.writableEnded === true && stream.aborted !== true && stream.rstCode === 0;
  if (stream.writableFinished) return false;
  // What only simulates a connection, as Fastify's inject() does, closes a response before its sink has drained.
  return response.writableEnded && (stream.socket?.destroyed === false || isSimulated(stream));
}

/** Node accepts a body for responses that have none by definition, and drops it. */
export function hasBody(request: NodeRequestLike, { statusCode }: NodeResponseLike): boolean {
  return request.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
}

const QUEUE: unique symbol = Symbol('ends of the responses that wait on a socket');

interface QueueingSocket extends Pick<NodeRequestLike['socket'], 'once'> {
  [QUEUE]?: Set<() => void>;
}

/** Calls `onClose` when the socket closes, with one listener for all that wait; returns how to take it back. */
function alsoOnSocketClose(socket: QueueingSocket, onClose: () => void): () => void {
  let queue = socket[QUEUE];
  if (queue === undefined) {
    const ends = new Set<() => void>();
    socket[QUEUE] = ends;
    socket.once('close', () => {
      for (const end of ends) end();
    });
    queue = ends;
  }
  const waiting = queue.add(onClose);
  return () => waiting.delete(onClose);
}
