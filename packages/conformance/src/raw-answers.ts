import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { activeSpan } from './active-span.js';
import type { HandlerContext } from './answer.js';
import type { PlainEndpointName } from './endpoints.js';
import { destroyError } from './failures.js';

type RawHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  application: HandlerContext,
) => unknown;

/** Handlers of the endpoints that answer through Node's own request and response. */
export const rawAnswers: Readonly<Partial<Record<PlainEndpointName, RawHandler>>> = {
  rawWrite: (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Shelf': 'raw' });
    response.write('raw');
    response.end('Write');
  },
  after: async (_request, response) => {
    response.end('after');
    await sleep(120);
  },
  trailers: (_request, response) => {
    response.writeHead(200, { Trailer: 'X-Checksum' });
    response.write('trailers');
    response.addTrailers({ 'X-Checksum': 'abc' });
    response.end();
  },
  earlyHints: async (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    await sleep(5);
    response.end('earlyHints');
  },
  hang: () => undefined,
  destroyed: (_request, response) => response.destroy(),
  destroyedWithError: (_request, response) => response.destroy(destroyError),
  destroyedLate: async (_request, response) => {
    response.write('first');
    await sleep(10);
    response.destroy();
  },
  emitters: (request, response, { heard }) => {
    request.on('data', () => {
      heard['request data'] = activeSpan();
    });
    request.on('end', () => {
      heard['request end'] = activeSpan();
      response.end('emitters');
    });
    response.on('finish', () => {
      heard['response finish'] = activeSpan();
    });
  },
};
