import { TraceFlags } from '@opentelemetry/api';
import type { Messages } from '../messages/messages.js';
import { messagesOf, UNSEEN_MESSAGES } from '../messages/messages.js';
import { NestedOperation } from './joined-span.js';
import type { OperationStart } from './operation.js';
import type { Observations, RequestScope, ServerOperation } from './server-operation.js';
import { UNOBSERVED } from './server-operation.js';

/**
 * The operation of what goes on when its request has ended, such as a WebSocket whose handshake another registration has
 * answered: the context of the request, and its messages.
 */
export class OutlivingOperation<Req, Res> extends NestedOperation<Req, Res> {
  override ended = true;
  readonly #sampled: boolean;

  constructor(start: OperationStart<Req, Res>, outer: ServerOperation<unknown> & RequestScope) {
    super(start, outer);
    // A span that has ended says that it is not recording, whether it was or not.
    this.#sampled = (start.span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  }

  override get observes(): Observations {
    const { receives, sends } = this.rules.observes.enriching.recording;
    return this.#sampled ? { ...UNOBSERVED, receives, sends } : UNOBSERVED;
  }

  override messages(linked = false): Messages {
    return this.#sampled ? messagesOf(this, linked) : UNSEEN_MESSAGES;
  }
}
