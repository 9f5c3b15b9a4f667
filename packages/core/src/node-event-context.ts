import type { ServerOperation } from './server-operation.js';

const OPERATION: unique symbol = Symbol('the operation in whose context listeners run');
const OVERRIDDEN: unique symbol = Symbol('the emit that somebody else has put on the emitter');

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** An emitter of Node's, by the parts that are used. */
interface Emitter {
  emit: Emit;
  listenerCount(event: string | symbol): number;
  on(event: 'newListener', listener: NewListener): unknown;
  removeListener(event: 'newListener', listener: NewListener): unknown;
}

type NewListener = (event: string | symbol, listener: { readonly name: string }) => void;

type BoundEmitter = Emitter & { [OPERATION]?: Resuming; [OVERRIDDEN]?: Emit };
type Resuming = Pick<ServerOperation<never>, 'resume'>;

/**
 * Has an emitter of the request call its listeners in the operation's context: Node emits the events of request and
 * response from the parser or the socket, where no request is known.
 *
 * Nothing is put on the emitter until somebody listens to it, which few handlers do: a property would cost microseconds where
 * the framework has changed the prototype, and each event some more.
 */
export function emitWithin(operation: Resuming, emitter: Emitter): void {
  if ((emitter as BoundEmitter)[OPERATION] !== undefined) {
    bind(operation, emitter);
    return;
  }
  const onNewListener: NewListener = (event, { name }) => {
    // Another registration, which waits as well, and what Node adds itself when the response is finished.
    if (event === 'newListener' || name === 'clearIncoming') return;
    emitter.removeListener('newListener', onNewListener);
    bind(operation, emitter);
  };
  emitter.on('newListener', onNewListener);
}

function bind(operation: Resuming, emitter: BoundEmitter): void {
  const bound = emitter[OPERATION] !== undefined;
  emitter[OPERATION] = operation;
  // A second time it stays: another library may have wrapped it by now, and would be called by what it calls.
  if (bound) return;
  if (Object.hasOwn(emitter, 'emit')) emitter[OVERRIDDEN] = emitter.emit;
  emitter.emit = emitInContext;
}

function emitInContext(this: BoundEmitter, event: string | symbol, ...args: unknown[]): boolean {
  // Looked up for each event: Express changes the prototype of a request as it enters applications.
  const emit: Emit = this[OVERRIDDEN] ?? Object.getPrototypeOf(this).emit;
  const operation = this[OPERATION];
  if (operation === undefined || this.listenerCount(event) === 0) return emit.call(this, event, ...args);
  return operation.resume(() => emit.call(this, event, ...args));
}
