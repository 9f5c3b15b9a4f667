import { expect } from '@jest/globals';
import type { Span } from '@opentelemetry/api';
import { SpanKind } from '@opentelemetry/api';
import type { HttpServerOptions, Message } from '@otel-middleware/core';
import { DOWNLOAD_CHUNK_SIZE, DOWNLOAD_CHUNKS } from '../../fixture/handlers.js';
import type { Requires } from '../register-tests.js';

type MessageOptions = HttpServerOptions<unknown, unknown>;

const UPLOAD = { body: ['{"bread":', '"rye"', '}'], headers: { 'Content-Type': 'application/json' } };

/** Hooks of the user for every chunk of a body. */
export function message(requires: Requires): void {
  requires('message:hooks', 'each chunk that arrives is shown to receiveHook', async ({ start, adapter }) => {
    const seen: object[] = [];
    const options: MessageOptions = {
      receiveHook: (span, message, request) =>
        void seen.push({
          ...message,
          spanId: span.spanContext().spanId,
          request: adapter.native.isRequest(request),
        }),
    };
    const app = await start({ options });
    const exchange = await app.ask('upload', UPLOAD);
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
    const { spanId } = app.spanContext(0);
    expect(seen).toEqual(
      UPLOAD.body.map((chunk, index) => ({
        direction: 'receive',
        type: 'body',
        index,
        size: chunk.length,
        spanId,
        request: true,
      })),
    );
    expect(JSON.parse(exchange.body).length).toBe('{"bread":"rye"}'.length);
  });

  requires('message:hooks', 'each chunk that is sent is shown to sendHook', async ({ start }) => {
    const seen: object[] = [];
    const options: MessageOptions = { sendHook: (_span, message) => void seen.push({ ...message }) };
    const app = await start({ options });
    const exchange = await app.ask('chunked');
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
    const sizes = Array.from({ length: 3 }, (_, index) => ({
      direction: 'send',
      type: 'body',
      index,
      size: 'chunk\n'.length,
    }));
    expect(seen).toEqual(sizes);
  });

  requires(
    'message:hooks',
    'each server-sent event is shown to sendHook as it is written',
    async ({ start }) => {
      const seen: Message[] = [];
      const options: MessageOptions = { sendHook: (_span, message) => void seen.push(message) };
      const app = await start({ options });
      const exchange = await app.ask('events');
      expect(await app.spans(1)).toEqual([app.expected(exchange)]);
      const size = 'data: tick\n\n'.length;
      expect(seen).toEqual(
        Array.from({ length: 6 }, (_, index) => ({ direction: 'send', type: 'event', index, size })),
      );
    },
  );

  requires('message:hooks', 'of an answer to HEAD nothing is shown to sendHook', async ({ start }) => {
    const options: MessageOptions = {
      sendHook: () => {
        throw new Error('A chunk that is not sent was shown.');
      },
    };
    const app = await start({ options });
    const exchange = await app.ask('chunked', { method: 'HEAD' });
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires(
    'message:hooks',
    'a body that nobody reads is neither produced nor buffered',
    async ({ start }) => {
      let sent = 0;
      const sendHook = (_span: Span, { size }: Message): void => {
        sent += size;
      };
      const options: MessageOptions = { sendHook };
      const app = await start({ options });
      const call = app.call('/download');
      const response = await call.head;
      response?.pause();
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(app.application.produced).toBeLessThan(DOWNLOAD_CHUNKS / 2);
      response?.resume();
      const exchange = await call.done;
      expect(exchange.body.length).toBe(DOWNLOAD_CHUNKS * DOWNLOAD_CHUNK_SIZE);
      await app.spans(1);
      expect(sent).toBe(DOWNLOAD_CHUNKS * DOWNLOAD_CHUNK_SIZE);
    },
  );

  requires('message:spans', 'each chunk is a child span when asked for', async ({ start }) => {
    const given: string[] = [];
    const hook = (span: Span): void => void given.push(span.spanContext().spanId);
    const options: MessageOptions = { messageSpans: true, receiveHook: hook, sendHook: hook };
    const app = await start({ options });
    await app.ask('upload', UPLOAD);
    const spans = await app.spans(5);
    const server = app.spanContext(4);
    expect(spans.slice(0, 4).map(({ kind, parent }) => ({ kind, parent: parent?.spanId }))).toEqual(
      Array(4).fill({ kind: SpanKind.INTERNAL, parent: server.spanId }),
    );
    expect(given).toEqual([0, 1, 2, 3].map((index) => app.spanContext(index).spanId));
  });

  requires('message:spans', 'without being asked for there is none', async ({ start }) => {
    const options: MessageOptions = { receiveHook: () => {}, sendHook: () => {} };
    const app = await start({ options });
    const exchange = await app.ask('upload', UPLOAD);
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });
}
