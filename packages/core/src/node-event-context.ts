import type { ServerOperation } from './server-operation.js';

const OPERATION: unique symbol = Symbol('the operation in whose context listeners run');
const OVERRIDDEN: unique symbol = Symbol('the emit that somebody else has put on the emitter');

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** An emitter of Node's, by the parts that are used. */
interface Emitter {
  emit: Emit;
  listenerCount(event: string | symbol): number;
  on(event: 'newListener', listener: NewListener): unknown;
  prependListener(event: 'newListener', listener: NewListener): unknown;
  removeListener(event: 'newListener', listener: NewListener): unknown;
}

type Listener = { readonly name: string } | undefined;
/** A listener of new listeners. */
export type NewListener = (this: Emitter, event: string | symbol, listener: Listener) => void;

type BoundEmitter = Emitter & { [OPERATION]?: Resuming; [OVERRIDDEN]?: Emit };
type Resuming = Pick<ServerOperation<never>, 'enriches' | 'resume'>;

/**
 * Has an emitter of the request call its listeners in the operation's context: Node emits the events of request and
 * response from the parser or the socket, where no request is known.
 *
 * Nothing is put on the emitter until somebody listens to it, which few handlers do: a property would cost microseconds where
 * the framework has changed the prototype, and each event some more.
 *
 * @param whenListened - made by {@link binding}, where it serves several emitters.
 */
export function emitWithin(
  operation: Resuming,
  emitter: Emitter,
  whenListened: NewListener = binding(operation),
): void {
  if ((emitter as BoundEmitter)[OPERATION] !== undefined) {
    bind(operation, emitter);
    return;
  }
  // The last one that binds counts, which is to be a further registration. The first passes by the `on` that streams have of
  // their own, and that looks for events which this one is not.
  if (operation.enriches) emitter.on('newListener', whenListened);
  else emitter.prependListener('newListener', whenListened);
}

/** The listener that binds an emitter of an operation to it, as soon as somebody else listens; one does for all of them. */
export function binding(operation: Resuming): NewListener {
  return function bindOnce(this: Emitter, event, listener) {
    if (isOthers(event, listener)) return;
    this.removeListener('newListener', bindOnce);
    bind(operation, this);
  };
}

/**
 * Has all emitters with a prototype call their listeners in the context of their operations, as {@link emitWithin} does for
 * one: for frameworks that give every application a prototype of its own, and have made the emitters slow to change by that.
 */
export function emitWithinOperations<E extends object>(
  prototype: E,
  operationOf: (emitter: E) => Resuming | undefined,
): void {
  for (const name of ['on', 'addListener', 'prependListener'] as const) {
    // The application's own, or another copy of this package's.
    const own = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: E & BoundEmitter, event: string | symbol, listener: Listener) {
        const bound = isOthers(event, listener) || listener?.name === 'onResponseClose' || this[OPERATION];
        const operation = bound ? undefined : operationOf(this);
        if (operation !== undefined) bind(operation, this);
        return (own ?? Object.getPrototypeOf(prototype)[name]).call(this, event, listener);
      },
    });
  }
}

/** Another registration, which waits as well, or what Node adds itself when the response is finished. */
function isOthers(event: string | symbol, listener: Listener): boolean {
  return event === 'newListener' || (event === 'end' && listener?.name === 'clearIncoming');
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
