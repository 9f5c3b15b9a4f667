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

/**
 * The response with its body passed through, chunk by chunk and only when asked for, and `onEnd` called once when it was
 * read to its end, left by its reader or broken by its source.
 */
export function watchBody(response: Response, onEnd: (outcome: ResponseOutcome) => void): Response {
  if (response.body === null || response.body.locked) {
    onEnd({});
    return response;
  }
  const reader = response.body.getReader();
  let responseBodySize = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            onEnd({ responseBodySize });
            controller.close();
          } else {
            responseBodySize += value.byteLength;
            controller.enqueue(value);
          }
        } catch (error) {
          onEnd({ aborted: true, error, responseBodySize });
          controller.error(error);
        }
      },
      cancel(reason) {
        onEnd({ aborted: true, responseBodySize });
        return reader.cancel(reason);
      },
    },
    // Nothing is read ahead of the client.
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
