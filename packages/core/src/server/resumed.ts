import { TraceFlags } from '@opentelemetry/api';
import type { Messages } from '../messages/messages.js';
import { messagesOf, UNSEEN_MESSAGES } from '../messages/messages.js';
import { NestedOperation } from './joined-span.js';
import type { OperationStart } from './operation.js';
import type { LiveOperation, OperationNeeds } from './server-operation.js';
import { NO_NEEDS } from './server-operation.js';

/**
 * The operation of what goes on after its request has ended, such as a WebSocket whose handshake another registration has
 * answered. It keeps the request's context and shows its messages; the span and the head belong to the past.
 */
export class ResumedOperation<Req, Res> extends NestedOperation<Req, Res> {
  override readonly kind = 'resumed';
  readonly #sampled: boolean;

  constructor(start: OperationStart<Req, Res>, outer: LiveOperation) {
    super(start, outer);
    // A span that has ended says it is not recording, even if it was.
    this.#sampled = (start.span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  }

  override get needs(): OperationNeeds {
    const { receives, sends } = this.rules.needs.joined.recording;
    return this.#sampled ? { ...NO_NEEDS, receives, sends } : NO_NEEDS;
  }

  override commit(): void {}

  override messages(linked = false): Messages {
    return this.#sampled ? messagesOf(this, linked) : UNSEEN_MESSAGES;
  }

  override end(): void {}
}
