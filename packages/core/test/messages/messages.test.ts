import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-node';
import { collectDiagnostics } from '@otel-middleware/testbed/diagnostics';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import type { Message } from '../../src/messages/messages.js';
import type { ServerOperation } from '../../src/server/server-operation.js';
import type { PlainOptions, PlainRequest, PlainResponse } from '../plain-http.js';
import { instrument, response } from '../plain-http.js';

let telemetry: Telemetry;
const contextManager = new AsyncLocalStorageContextManager();
let diagnostics: ReturnType<typeof collectDiagnostics>;
beforeAll(() => {
  context.setGlobalContextManager(contextManager.enable());
});
afterAll(() => context.disable());
beforeEach(() => {
  telemetry = startTelemetry();
  diagnostics = collectDiagnostics();
});

const REQUEST: PlainRequest = { target: '/upload', method: 'POST' };

function start(options: PlainOptions, sdk = telemetry): ServerOperation<PlainResponse> {
  const { tracerProvider, meterProvider } = sdk;
  const operation = instrument({ tracerProvider, meterProvider, ...options }).start({ ...REQUEST });
  if (operation === undefined) throw new Error('Nothing was started.');
  return operation;
}

const spanId = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;

describe('hooks for messages (message:hooks)', () => {
  test('are called in the order of the messages of their direction, with the server span, in its context', () => {
    const seen: unknown[] = [];
    const hook: PlainOptions['receiveHook'] = (span, message, request) =>
      seen.push([message, span.spanContext().spanId, spanId(), request.target]);
    const operation = start({ receiveHook: hook, sendHook: hook });
    expect(operation.needs).toEqual({ head: false, bodySizes: false, receives: true, sends: true });
    const messages = operation.messages();
    expect(messages.pass('receive', { type: 'body', size: 3 }, spanId)).toBe(
      operation.span.spanContext().spanId,
    );
    messages.pass('send', { type: 'event', size: 7 }, () => {});
    messages.pass('receive', { type: 'text', size: 4, opcode: 1 }, () => {});
    operation.end(response(200));
    const { spanId: id } = operation.span.spanContext();
    const messagesSeen: Message[] = [
      { direction: 'receive', type: 'body', index: 0, size: 3 },
      { direction: 'send', type: 'event', index: 0, size: 7 },
      { direction: 'receive', type: 'text', index: 1, size: 4, opcode: 1 },
    ];
    expect(seen).toEqual(messagesSeen.map((message) => [message, id, id, '/upload']));
    expect(telemetry.spans().map(({ name }) => name)).toEqual(['POST']);
  });

  test.each<[PlainOptions, boolean, boolean]>([
    [{}, false, false],
    [{ receiveHook: () => {} }, true, false],
    [{ sendHook: () => {} }, false, true],
    [{ messageSpans: true }, true, true],
    [{ messageSpans: false }, false, false],
  ])('with %p there is to be watched: receives %j, sends %j', (options, receives, sends) => {
    expect(start(options).needs).toEqual({ head: false, bodySizes: false, receives, sends });
  });

  test('of what is not sampled nobody is shown anything', () => {
    const unsampled = startTelemetry({ sampler: new AlwaysOffSampler() });
    const hook = (): never => {
      throw new Error('called');
    };
    const operation = start({ receiveHook: hook, sendHook: hook, messageSpans: true }, unsampled);
    expect(operation.messages().pass('receive', { type: 'body', size: 1 }, () => 42)).toBe(42);
    expect(diagnostics).toEqual([]);
  });

  test('what they throw is reported once, and the message goes on', () => {
    const operation = start({
      sendHook: () => {
        throw new Error('hook');
      },
    });
    const messages = operation.messages();
    expect(messages.pass('send', { type: 'body', size: 1 }, () => 1)).toBe(1);
    expect(messages.pass('send', { type: 'body', size: 1 }, () => 2)).toBe(2);
    expect(diagnostics).toEqual([
      ['warn', 'sendHook failed; requests go on without it. Further failures are not reported.'],
    ]);
  });
});

describe('message spans (message:spans)', () => {
  test('are children of the server span, are given to hooks, and are active in the handler', () => {
    const given: unknown[] = [];
    const operation = start({
      messageSpans: true,
      receiveHook: (span) => given.push(span.spanContext().spanId),
    });
    const active = operation.messages().pass('receive', { type: 'body', size: 5 }, spanId);
    operation.end(response(200));
    const [message, server] = telemetry.spans();
    expect({
      name: message?.name,
      kind: message?.kind,
      attributes: message?.attributes,
      parent: message?.parentSpanContext?.spanId,
      links: message?.links,
      status: message?.status,
      events: message?.events,
    }).toEqual({
      name: 'receive body',
      kind: SpanKind.INTERNAL,
      attributes: {
        'otel_middleware.message.direction': 'receive',
        'otel_middleware.message.type': 'body',
        'otel_middleware.message.index': 0,
        'otel_middleware.message.size': 5,
      },
      parent: server?.spanContext().spanId,
      links: [],
      status: { code: SpanStatusCode.UNSET },
      events: [],
    });
    expect([active, ...given]).toEqual(Array(2).fill(message?.spanContext().spanId));
    expect(telemetry.unended()).toBe(0);
  });

  test('begin traces of their own, linked to the server span, where they come after its end', () => {
    const operation = start({ messageSpans: true });
    const messages = operation.messages(true);
    operation.end(response(101));
    const active = messages.pass('send', { type: 'text', size: 2, opcode: 1 }, spanId);
    const [server, message] = telemetry.spans();
    expect(message?.name).toBe('send text');
    expect(message?.parentSpanContext).toBeUndefined();
    expect(message?.links.map((link) => link.context)).toEqual([server?.spanContext()]);
    expect(message?.spanContext().traceId).not.toBe(server?.spanContext().traceId);
    expect(message?.attributes['otel_middleware.message.opcode']).toBe(1);
    expect(active).toBe(message?.spanContext().spanId);
  });

  test('record what the handler throws, which goes on', () => {
    const operation = start({ messageSpans: true });
    const error = new RangeError('too much');
    expect(() =>
      operation.messages().pass('receive', { type: 'text', size: 2 }, () => {
        throw error;
      }),
    ).toThrow(error);
    const [message] = telemetry.spans();
    expect(message?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'too much' });
    expect(message?.attributes['error.type']).toBe('RangeError');
    expect(message?.events.map(({ name }) => name)).toEqual(['exception']);
  });

  test('are done without where the SDK throws', () => {
    let failing = false;
    const broken = startTelemetry({
      processors: [
        {
          onStart() {
            if (failing) throw new Error('processor');
          },
          onEnd() {},
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
    });
    const operation = start({ messageSpans: true }, broken);
    failing = true;
    expect(operation.messages().pass('receive', { type: 'body', size: 1 }, spanId)).toBe(
      operation.span.spanContext().spanId,
    );
    expect(diagnostics).toEqual([
      ['warn', 'plain-http failed; requests go on without it. Further failures are not reported.'],
    ]);
  });
});
