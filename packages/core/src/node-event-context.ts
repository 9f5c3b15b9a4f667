import type { ServerOperation } from './server-operation.js';

const OPERATION: unique symbol = Symbol('the operation in whose context listeners run');
const OVERRIDDEN: unique symbol = Symbol('the emit that somebody else has put on the emitter');

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** An emitter of Node's, by the parts that are used. */
interface Emitter {
  emit: Emit;
  listenerCount(event: string | symbol): number;
}

type BoundEmitter = Emitter & { [OPERATION]?: Resuming; [OVERRIDDEN]?: Emit };
type Resuming = Pick<ServerOperation<never>, 'resume'>;

/**
 * Has an emitter of the request call its listeners in the operation's context: Node emits the events of request and
 * response from the parser or the socket, where no request is known.
 *
 * One function serves all emitters, and events that nobody listens to cost a look-up.
 */
export function emitWithin(operation: Resuming, emitter: Emitter): void {
  const binding: BoundEmitter = emitter;
  const bound = binding[OPERATION] !== undefined;
  binding[OPERATION] = operation;
  // A second time it stays: another library may have wrapped it by now, and would be called by what it calls.
  if (bound) return;
  if (Object.hasOwn(emitter, 'emit')) binding[OVERRIDDEN] = emitter.emit;
  emitter.emit = emitInContext;
}

function emitInContext(this: BoundEmitter, event: string | symbol, ...args: unknown[]): boolean {
  // Looked up for each event: Express changes the prototype of a request as it enters applications.
  const emit: Emit = this[OVERRIDDEN] ?? Object.getPrototypeOf(this).emit;
  const operation = this[OPERATION];
  if (operation === undefined || this.listenerCount(event) === 0) return emit.call(this, event, ...args);
  return operation.resume(() => emit.call(this, event, ...args));
}
