import type { Attributes, Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import { settled } from './settled-span.js';

/** One piece of what a client and a server send each other, as hooks are shown it. */
export interface Message {
  /** `receive` for what the client sends, `send` for what the server does. */
  readonly direction: 'receive' | 'send';
  /**
   * What it is. Of HTTP `body`, a chunk as it came from the connection or was written, or `event`, a server-sent event.
   * Of WebSockets `text`, `binary`, `ping`, `pong` or `close`.
   */
  readonly type: string;
  /** Position among the messages of its direction, from 0. */
  readonly index: number;
  /** Bytes of content, before compression of frames and without what frames it. */
  readonly size: number;
  /** The opcode of RFC 6455, of WebSockets only. */
  readonly opcode?: number;
}

/** What a message is, besides its direction and index. */
export type MessageContent = Pick<Message, 'type' | 'size' | 'opcode'>;

/** A user's hook for messages. The span is the message's own when there are message spans, else the server span. */
export type MessageHook<Req> = (span: Span, message: Message, request: Req) => unknown;

/** What is done with messages; compiled once per instrumentation, hooks guarded. */
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
}

/**
 * The messages of an exchange whose span is recorded.
 *
 * @param linked - whether message spans begin traces of their own with a link to the exchange's span, for messages that
 * come after its end; otherwise they are its children.
 */
export function messagesOf<Req>(exchange: MessageExchange<Req>, linked: boolean): Messages {
  const { rules, span, request } = exchange;
  const count = { receive: 0, send: 0 };
  const place: SpanOptions = linked ? { root: true, links: [{ context: span.spanContext() }] } : {};
  return {
    pass(direction, content, handler) {
      const message: Message = { direction, index: count[direction]++, ...content };
      const hook = direction === 'receive' ? rules.receiveHook : rules.sendHook;
      const own = rules.messageSpans ? startMessageSpan(exchange, message, place) : undefined;
      const shown = (): ReturnType<typeof handler> => {
        hook?.(own ?? span, message, request);
        return handler();
      };
      if (own === undefined) return context.with(exchange.context, shown);
      return context.with(trace.setSpan(exchange.context, own), () => settled(own, shown));
    },
  };
}

/** The messages of an exchange that nobody is shown. */
export const UNSEEN_MESSAGES: Messages = Object.freeze({
  pass: <T>(_direction: unknown, _content: unknown, handler: () => T): T => handler(),
});

/** Attributes of our own, since no convention has any for the messages of HTTP and WebSockets. */
function startMessageSpan<Req>(
  { tracer, context: parent, rules }: MessageExchange<Req>,
  message: Message,
  place: SpanOptions,
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
