import type { ServerOperation } from '../server/server-operation.js';

/** The operation in whose context listeners run, once there are any. */
const WAITING: unique symbol = Symbol('the operation that waits for listeners');
const BINDING: unique symbol = Symbol('the context in which listeners run');

type Listener = { readonly name: string } | undefined;
type Add = (event: string | symbol, listener: Listener) => unknown;
type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** The methods by which listeners come; all others call one of them. */
const ADDING = ['on', 'addListener', 'prependListener'] as const;
type Adding = (typeof ADDING)[number];

/** An emitter of Node's, by the parts that are used. */
interface Emitter extends Record<Adding, (event: string, listener: () => void) => unknown> {
  emit: Emit;
  listenerCount(event: string | symbol): number;
}

type Resuming = Pick<ServerOperation<never>, 'resume'>;
type BoundEmitter = Record<Adding, Add> &
  Pick<Emitter, 'emit' | 'listenerCount'> & {
    [WAITING]?: Resuming;
    [BINDING]?: Binding;
  };

/** One object, since to read a property of a request can take half a microsecond in Express. */
interface Binding {
  operation: Resuming;
  /** What somebody else has put on the emitter. */
  readonly overridden: Emit | undefined;
}

/**
 * Has an emitter of the request call its listeners in the operation's context: Node emits the events of request and
 * response from the parser or the socket, where no request is known. Of several operations the last one counts.
 *
 * Until somebody listens, which few handlers do, events cost nothing: it is the methods that add listeners which are put on
 * the emitter, the same functions on all. A listener of `newListener` takes up to two microseconds in a server at work.
 */
export function emitWithin(operation: Resuming, of: Emitter): void {
  const emitter = of as unknown as BoundEmitter;
  if (emitter[BINDING] !== undefined) bind(operation, emitter);
  else if (emitter.on === waiting.on) emitter[WAITING] = operation;
  // Somebody else's, such as that of a compression middleware, need not call ours.
  else if (Object.hasOwn(emitter, 'on')) bind(operation, emitter);
  else {
    emitter[WAITING] = operation;
    emitter.on = waiting.on;
    emitter.addListener = waiting.addListener;
    emitter.prependListener = waiting.prependListener;
  }
}

const waiting = {
  on: bindingWhatWaits('on'),
  addListener: bindingWhatWaits('addListener'),
  prependListener: bindingWhatWaits('prependListener'),
};

function bindingWhatWaits(name: Adding): Add {
  return bindingFirst(
    (emitter) => emitter[WAITING],
    (emitter, ours) => below(emitter, name, ours),
  );
}

/**
 * Has all emitters with a prototype call their listeners in the context of their operations, as {@link emitWithin} does for
 * one: for frameworks that give every application a prototype of its own, and have made the emitters slow to change by that.
 */
export function emitWithinOperations<E extends object>(
  prototype: E,
  operationOf: (emitter: E) => Resuming | undefined,
): void {
  for (const name of ADDING) {
    // The application's own, or another copy of this package's.
    const own = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value: bindingFirst(
        (emitter) => operationOf(emitter as unknown as E),
        () => own ?? Object.getPrototypeOf(prototype)[name],
      ),
    });
  }
}

/**
 * A method that adds listeners, and binds its emitter before the first one.
 *
 * @param methodOf - the method that this one has been put before.
 */
function bindingFirst(
  operationOf: (emitter: BoundEmitter) => Resuming | undefined,
  methodOf: (emitter: BoundEmitter, ours: Add) => Add,
): Add {
  return function add(this: BoundEmitter, event, listener) {
    // In this order: what is asked of the emitter is what takes time.
    const operation = isOthers(event, listener) || this[BINDING] ? undefined : operationOf(this);
    if (operation !== undefined) bind(operation, this);
    return methodOf(this, add).call(this, event, listener);
  };
}

/** What Node adds itself when the response is finished, and what ends operations: neither needs their context. */
function isOthers(event: string | symbol, listener: Listener): boolean {
  if (event === 'close') return listener?.name === 'endServerOperation';
  return event === 'end' && listener?.name === 'clearIncoming';
}

function bind(operation: Resuming, emitter: BoundEmitter): void {
  const binding = emitter[BINDING];
  // A second time `emit` stays: another library may have wrapped it by now, and would be called by what it calls.
  if (binding !== undefined) binding.operation = operation;
  else {
    emitter[BINDING] = { operation, overridden: Object.hasOwn(emitter, 'emit') ? emitter.emit : undefined };
    emitter.emit = emitInContext;
  }
}

function emitInContext(this: BoundEmitter, event: string | symbol, ...args: unknown[]): boolean {
  const binding = this[BINDING];
  const emit: Emit = binding?.overridden ?? below(this, 'emit', emitInContext);
  if (binding === undefined || this.listenerCount(event) === 0) return emit.call(this, event, ...args);
  return binding.operation.resume(() => emit.call(this, event, ...args));
}

/**
 * The method that ours has been put before. Looked up for each call, since Express changes the prototype of a request as it
 * enters applications; ours comes more than once in an object that somebody has derived from the request.
 */
function below<Name extends 'emit' | Adding>(
  emitter: BoundEmitter,
  name: Name,
  ours: BoundEmitter[Name],
): BoundEmitter[Name] {
  let prototype: BoundEmitter = Object.getPrototypeOf(emitter);
  let method = prototype[name];
  while (method === ours) {
    prototype = Object.getPrototypeOf(prototype);
    method = prototype[name];
  }
  return method;
}
