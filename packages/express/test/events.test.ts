import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/express';
import type { Request, RequestHandler, Response } from 'express';
import express from 'express';
import { serve, serveListener, tracerProvider } from './traced-app.js';

const middleware = (): RequestHandler => opentelemetry({ tracerProvider });

test('nothing waits for listeners on request and response, and what is bound is bound by the first (context:active)', async () => {
  const seen: unknown[] = [];
  const isBound = (emitter: Request | Response) => Object.hasOwn(emitter, 'emit');
  const app = express().use(middleware());
  app.get('/x', (request, response) => {
    for (const emitter of [request, response]) {
      seen.push([emitter.listenerCount('newListener'), isBound(emitter)]);
      emitter.once('close', () => {});
      seen.push(isBound(emitter));
    }
    response.end();
  });
  await (await serve(app))('GET /x');
  expect(seen).toEqual([[0, false], true, [0, false], true]);
});

test('listeners of an excluded request start nothing that is recorded (exclude:effect)', async () => {
  const recording: boolean[] = [];
  const listener = () => void recording.push(tracerProvider.getTracer('test').startSpan('x').isRecording());
  const app = express().use(opentelemetry({ tracerProvider, excludedUrls: 'x' }));
  let closed: Promise<unknown> | undefined;
  app.get('/x', (request, response) => {
    closed = once(request, 'close');
    request.on('close', listener);
    response.on('finish', listener);
    response.end();
  });
  expect((await (await serveListener(app))('GET /x')).status).toBe(200);
  await closed;
  expect(recording).toEqual([false, false]);
});

test('an application mounted in another, each with its registration, has its events in the one span (context:active)', async () => {
  const active: unknown[] = [];
  const listener = () => void active.push(trace.getActiveSpan()?.spanContext().spanId);
  const mounted = express().use(middleware());
  mounted.get('/x', (request, response) => {
    request.on('end', listener).resume();
    response.on('finish', listener);
    response.end();
  });
  const { span } = await (await serve(express().use(middleware()).use('/mounted', mounted)))(
    'GET /mounted/x',
  );
  const { spanId } = span.spanContext();
  expect(active).toEqual([spanId, spanId]);
});

test('methods of the prototypes work without a request (robust:fuzz)', () => {
  const app = express().use(middleware());
  expect(() => Object.create(app.response).on('close', () => {})).not.toThrow();
  expect(() => Object.create(app.request).on('close', () => {})).not.toThrow();
});
