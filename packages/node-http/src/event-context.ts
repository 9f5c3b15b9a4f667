import type { EventEmitter } from 'node:events';
import type { ServerOperation } from '@otel-middleware/core';

/**
 * Has an emitter of the request call its listeners in the operation's context: Node emits the events of request and
 * response from the parser or the socket, where no request is known.
 *
 * Events that nobody listens to cost a look-up.
 */
export function emitWithin(operation: Pick<ServerOperation<never>, 'resume'>, emitter: EventEmitter): void {
  const { emit } = emitter;
  emitter.emit = function emitInContext(
    this: EventEmitter,
    event: string | symbol,
    ...args: unknown[]
  ): boolean {
    if (this.listenerCount(event) === 0) return emit.call(this, event, ...args);
    return operation.resume(() => emit.call(this, event, ...args));
  };
}
