import type { Attributes, Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { context, createContextKey, trace } from '@opentelemetry/api';
import { runInSpan } from '../otel/task-span.js';

/** One piece of what a client and a server send each other, as hooks are shown it. */
export interface Message {
  /** `receive` for what the client sends, `send` for what the server does. */
  readonly direction: 'receive' | 'send';
  /**
   * The type. For HTTP: `body`, a chunk as it was received or written, or `event`, a server-sent event. For WebSockets:
   * `text`, `binary`, `ping`, `pong` or `close`.
   */
  readonly type: string;
  /** Position among the messages of its direction, from 0. */
  readonly index: number;
  /** Bytes of content, before compression of frames and without what frames it. */
  readonly size: number;
  /** The opcode of RFC 6455, of WebSockets only. */
  readonly opcode?: number;
  /** The code of RFC 6455 that a close frame gives, if it gives one. */
  readonly code?: number;
}

/** The content of a message, without its direction and index. */
export type MessageContent = Pick<Message, 'type' | 'size' | 'opcode' | 'code'>;

/** A user's hook for messages. The span is the message's own when there are message spans, else the server span. */
export type MessageHook<Req> = (span: Span, message: Message, request: Req) => unknown;

/** The rules for messages; compiled once per instrumentation, with guarded hooks. */
export interface MessageRules<Req> {
  readonly receiveHook: MessageHook<Req> | undefined;
  readonly sendHook: MessageHook<Req> | undefined;
  readonly messageSpans: boolean;
  /** Reports what the SDK threw, once. */
  readonly reportFailure: (error: unknown) => void;
}

/** Shows the messages of one exchange to hooks, in spans of their own where these are asked for. */
export interface Messages {
  /**
   * Calls the hook of the direction, then `handler` in the message's context, and returns what it returns. Costs a call
   * where nothing is asked for. The message's span covers both; what `handler` throws is recorded on it and goes on.
   */
  pass<T>(direction: Message['direction'], content: MessageContent, handler: () => T): T;
}

/** The exchange that messages belong to. */
export interface MessageExchange<Req> {
  readonly span: Span;
  readonly tracer: Tracer;
  readonly context: Context;
  readonly request: Req;
  readonly rules: MessageRules<Req>;
  /** Shared by all registrations of the exchange, so that a message has one span whoever makes it. */
  readonly openMessageSpans: OpenMessageSpans;
}

/** The key of a linked message in the context, which outlives its span: that ends with its synchronous listeners. */
const MESSAGE_KEY: symbol = createContextKey('otel-middleware message v1');

/** The spans of the messages that are being passed at this very moment, by direction. */
export type OpenMessageSpans = Partial<Record<Message['direction'], Span>>;

/**
 * The messages of an exchange whose span is recorded.
 *
 * @param linked - whether message spans have a link to the exchange's span in place of being its children, for messages that
 * come after its end. They begin traces of their own then, save those that are sent within a span of something else, such as
 * that of the message that is answered or of another request: these are its children.
 */
export function messagesOf<Req>(exchange: MessageExchange<Req>, linked: boolean): Messages {
  const { rules, span, request, openMessageSpans } = exchange;
  const count = { receive: 0, send: 0 };
  const links = [{ context: span.spanContext() }];
  const place = (direction: Message['direction']): [SpanOptions, Context] => {
    if (!linked) return [{}, exchange.context];
    const cause = direction === 'send' ? causeOf(span) : undefined;
    return cause === undefined ? [{ root: true, links }, exchange.context] : [{ links }, cause];
  };
  return {
    pass(direction, content, handler) {
      const message: Message = { direction, index: count[direction]++, ...content };
      const hook = direction === 'receive' ? rules.receiveHook : rules.sendHook;
      const outer = openMessageSpans[direction];
      const own =
        outer === undefined && rules.messageSpans
          ? startMessageSpan(exchange, message, place(direction))
          : undefined;
      const shown = (): ReturnType<typeof handler> => {
        hook?.(own ?? outer ?? span, message, request);
        return handler();
      };
      if (outer !== undefined) return shown();
      if (own === undefined) return context.with(exchange.context, shown);
      openMessageSpans[direction] = own;
      const within = trace.setSpan(exchange.context, own);
      try {
        return context.with(linked ? within.setValue(MESSAGE_KEY, own) : within, () => runInSpan(own, shown));
      } finally {
        delete openMessageSpans[direction];
      }
    },
  };
}

/**
 * The active context, if its span is what a message is sent for: a span under way, other than the exchange's, or a message,
 * which may be answered after its span. An exchange that has ended is no cause, or its timers would prolong its trace for days.
 */
function causeOf(span: Span): Context | undefined {
  const active = context.active();
  const cause = trace.getSpan(active);
  if (cause === undefined || cause === span) return undefined;
  return cause.isRecording() || cause === active.getValue(MESSAGE_KEY) ? active : undefined;
}

/** The messages of an exchange that nobody is shown. */
export const UNSEEN_MESSAGES: Messages = Object.freeze({
  pass: <T>(_direction: unknown, _content: unknown, handler: () => T): T => handler(),
});

/** Attributes of our own, since no convention has any for the messages of HTTP and WebSockets. */
function startMessageSpan<Req>(
  { tracer, rules }: MessageExchange<Req>,
  message: Message,
  [place, parent]: [SpanOptions, Context],
): Span | undefined {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(message)) attributes[`otel_middleware.message.${name}`] = value;
  try {
    return tracer.startSpan(`${message.direction} ${message.type}`, { attributes, ...place }, parent);
  } catch (error) {
    // A sampler or a span processor of the user's may throw; the message must not pay for it.
    rules.reportFailure(error);
    return undefined;
  }
}
