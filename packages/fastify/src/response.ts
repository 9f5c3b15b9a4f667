import { finished } from 'node:stream';
import type { HttpResponseGetter } from '@otel-middleware/core';
import { nodeResponse } from '@otel-middleware/node-http';
import type { FastifyReply } from 'fastify';
import { handshakeStatus } from './handshake.js';

const sent = nodeResponse<FastifyReply>(
  ({ raw }) => raw,
  (reply, name) => (reply.raw.headersSent ? reply.raw.getHeader(name) : reply.getHeader(name)),
);

/** Reads a Fastify reply, which keeps its headers to itself until it hands them to `writeHead`. */
export const response: HttpResponseGetter<FastifyReply> = {
  ...sent,
  statusCode: (reply) => handshakeStatus(reply.raw) ?? sent.statusCode(reply),
  setHeader: (reply, name, value) => {
    reply.header(name, value);
    // A response that was hijacked, or is written to past the reply, never sees the headers of the reply.
    sent.setHeader(reply, name, value);
  },
};

/** Calls `listener` when a body that is a stream, of Node or of the web, fails or is closed before its end. */
export function onBodyError(body: unknown, listener: (error: Error) => void): void {
  const stream = body instanceof Response ? body.body : body;
  if (
    !(stream instanceof ReadableStream) &&
    typeof (stream as NodeJS.ReadableStream | null)?.pipe !== 'function'
  )
    return;
  finished(stream as NodeJS.ReadableStream, { writable: false }, (error) => {
    if (error) listener(error);
  });
}
