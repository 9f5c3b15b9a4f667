import { trace } from '@opentelemetry/api';
import type { MessageContent, Messages, ServerOperation } from '@otel-middleware/core';
import { recordFailure } from '@otel-middleware/core/internal';
import type { WebSocket } from 'ws';

/** https://datatracker.ietf.org/doc/html/rfc6455#section-11.8 */
const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The opcode of the fragments that follow the first one of a message. */
const CONTINUATION = 0;

const OPEN = 1;

/** The code of a connection that broke: no close frame came. */
const ABNORMAL_CLOSURE = 1006;

/** The code of a close frame without one. */
const NO_STATUS = 1005;

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** Shows the messages of a socket as far as the operation asks for them; otherwise the socket is left alone. */
export function watchMessages(operation: ServerOperation<never>, socket: WebSocket): void {
  const { receives, sends } = operation.needs;
  if (!receives && !sends) return;
  const messages = operation.messages(true);
  if (receives) watchReceived(socket, messages);
  if (sends) watchSent(socket, messages);
}

/** The listeners of a message run in its span. */
function watchReceived(socket: WebSocket, messages: Messages): void {
  const emit: Emit = socket.emit;
  socket.emit = function observedEmit(this: WebSocket, event, ...args) {
    const content = receivedContent(event, args);
    if (content === undefined) return emit.call(this, event, ...args);
    return messages.pass('receive', content, () => {
      // Without a listener it is thrown, and recorded as what is thrown.
      if (event === 'error' && this.listenerCount(event) > 0) recordError(args[0]);
      return emit.call(this, event, ...args);
    });
  };
}

function receivedContent(event: string | symbol, [first, second]: unknown[]): MessageContent | undefined {
  if (event === 'message') return content(second === true ? 'binary' : 'text', sizeOf(first));
  if (event === 'ping' || event === 'pong') return content(event, sizeOf(first));
  if (event === 'close' && first !== ABNORMAL_CLOSURE)
    return closeContent(first === NO_STATUS ? undefined : first, second);
  // What breaks the protocol or the connection comes in place of a message.
  return event === 'error' ? { type: 'error', size: 0 } : undefined;
}

function recordError(error: unknown): void {
  const span = trace.getActiveSpan();
  // Without message spans it is that of the handshake, which has ended.
  if (span?.isRecording()) recordFailure(span, error);
}

/** Watches sent messages. Those of `ws` itself, pongs and the answer to a close, go through the same methods. */
function watchSent(socket: WebSocket, messages: Messages): void {
  type Method = (this: WebSocket, ...args: unknown[]) => void;
  const observe = (
    name: 'send' | 'ping' | 'pong' | 'close',
    contentOf: (args: unknown[]) => MessageContent,
  ) => {
    const method = socket[name] as Method;
    const observed: Method = function (...args) {
      // What is sent to a socket that is closing is dropped.
      if (this.readyState !== OPEN) return method.apply(this, args);
      return messages.pass('send', contentOf(args), () => method.apply(this, args));
    };
    Object.assign(socket, { [name]: observed });
  };
  let continued = false;
  observe('send', ([data, options]) => {
    const text = typeof data === 'string' || typeof data === 'number';
    const { binary = !text, fin = true } = (options ?? {}) as { binary?: boolean; fin?: boolean };
    const fragment = content(binary ? 'binary' : 'text', sizeOf(data));
    const shown = continued ? { ...fragment, opcode: CONTINUATION } : fragment;
    continued = !fin;
    return shown;
  });
  observe('ping', ([data]) => content('ping', sizeOf(data)));
  observe('pong', ([data]) => content('pong', sizeOf(data)));
  observe('close', ([code, reason]) => closeContent(code, reason));
}

function content(type: keyof typeof OPCODES, size: number): MessageContent {
  return { type, size, opcode: OPCODES[type] };
}

function closeContent(code: unknown, reason: unknown): MessageContent {
  // What is no code, ws refuses.
  if (typeof code !== 'number') return content('close', 0);
  return { ...content('close', 2 + sizeOf(reason)), code };
}

/** Bytes of whatever `ws` takes or hands out: text, numbers, all kinds of buffers, fragments, bytes in an array, blobs. */
function sizeOf(data: unknown): number {
  if (typeof data === 'string' || typeof data === 'number') return Buffer.byteLength(String(data));
  if (Array.isArray(data)) return data.reduce<number>((size, part) => size + partSize(part), 0);
  // A callback stands where there is no content.
  if (typeof data !== 'object' || data === null) return 0;
  const { byteLength, size, length } = data as { byteLength?: number; size?: number; length?: number };
  return byteLength ?? size ?? length ?? 0;
}

function partSize(part: unknown): number {
  return typeof part === 'number' ? 1 : sizeOf(part);
}
