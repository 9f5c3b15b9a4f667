import type { ResponseOutcome } from '@otel-middleware/core';

/** Content types that announce a body which is made while it is sent. */
const STREAMING_TYPE =
  /^(?:text\/event-stream|multipart\/x-mixed-replace|application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq|stream\+json))(?:;|$)/i;

let typeIsShown: boolean | undefined;

/**
 * Tells whether a response's body is made while it is sent, as its headers announce it.
 *
 * The body itself is asked for only where no content type stands for a text, a form or a blob: asking turns a text into
 * a stream, at a third of the throughput of Bun and Deno. Bun and `@hono/node-server` do not show the type that a text has
 * of itself, so there it is never asked for.
 */
export function isLive(response: Response): boolean {
  const { headers } = response;
  if (headers.has('transfer-encoding')) return true;
  const type = headers.get('content-type');
  if (type !== null) return STREAMING_TYPE.test(type);
  typeIsShown ??= new Response('', { headers: {} }).headers.has('content-type');
  return typeIsShown && !headers.has('content-length') && response.body !== null;
}

/** The listeners for a body that is passed through. */
export interface BodyListener {
  /** Called with each chunk before it goes on. */
  onChunk?: ((chunk: Uint8Array) => void) | undefined;
  /** Called once when the body was read to its end, left by its reader or broken by its source. */
  onEnd?: ((outcome: ResponseOutcome) => void) | undefined;
}

/** The response with its body passed through, chunk by chunk and only when asked for. */
export function watchBody(response: Response, listener: BodyListener): Response {
  if (response.body === null || response.body.locked) {
    listener.onEnd?.({});
    return response;
  }
  return new Response(passedThrough(response.body, listener), response);
}

/** Tells whether a response is made of events that can be told apart. */
export function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '') && !headers.has('content-encoding');
}

/** The methods that read the body of a request. */
const READERS = ['arrayBuffer', 'blob', 'bytes', 'clone', 'formData', 'json', 'text'] as const;

type Readers = Record<(typeof READERS)[number], () => unknown>;

/**
 * Has `onChunk` called with each chunk of a request's body that the handler reads.
 *
 * The request stays the same object, by which servers know it, and what reads its body is taken from another. Code that
 * reaches past these methods, as `fetch(request)` does, gets the body itself, of which nothing is told.
 */
export function watchRequestBody(request: Request, onChunk: (chunk: Uint8Array) => void): void {
  const { body, headers, method, url } = request;
  if (body === null || body.locked) return;
  // A copy of the request would break, as Bun's own `request` is none of its copies: it has no peer, cookies or parameters.
  const reading = { method, headers, body: passedThrough(body, { onChunk }), duplex: 'half' };
  const watched = new Request(url, reading as RequestInit);
  for (const name of ['body', 'bodyUsed'] as const)
    Object.defineProperty(request, name, { configurable: true, get: () => watched[name] });
  for (const name of READERS)
    Object.defineProperty(request, name, {
      configurable: true,
      value: () => (watched as unknown as Readers)[name](),
    });
}

/** A stream that reads another one's chunk whenever it is asked for one, from the first time on. */
function passedThrough(
  body: ReadableStream<Uint8Array>,
  { onChunk, onEnd }: BodyListener,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let responseBodySize = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          reader ??= body.getReader();
          const { done, value } = await reader.read();
          if (done) {
            onEnd?.({ responseBodySize });
            controller.close();
          } else {
            const bytes = bytesOf(value);
            responseBodySize += bytes.byteLength;
            onChunk?.(bytes);
            controller.enqueue(value);
          }
        } catch (error) {
          onEnd?.({ aborted: true, error, responseBodySize });
          controller.error(error);
        }
      },
      cancel(reason) {
        onEnd?.({ aborted: true, responseBodySize });
        return reader === undefined ? body.cancel(reason) : reader.cancel(reason);
      },
    },
    // Nothing is read ahead of whoever reads.
    { highWaterMark: 0 },
  );
}

/** The bytes that a chunk is sent as: Bun takes texts and buffers too, and what nobody takes has none. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : new Uint8Array();
}
