// Runs the listeners of requests and responses in the context of their operation.
//
// The API has `context.bind(context, emitter)` for this. It gives each emitter a set of methods of its own and wraps every
// listener in a function, whether a handler ever listens or not. Here the emitter gets three methods that all emitters share,
// and nothing else happens until somebody adds a listener; then `emit` alone is replaced, and listeners stay as they are.
// It can go when emitters of Node remember the context in which they were made.
import type { ResumableOperation } from '../server/server-operation.js';

/** The operation in whose context listeners will run, once there are any. */
const PENDING: unique symbol = Symbol('the operation that awaits listeners');
const BOUND: unique symbol = Symbol('the context in which listeners run');

type Listener = ((...args: never[]) => unknown) & { readonly name: string };
type Add = (event: string | symbol, listener: Listener) => unknown;
type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** The methods that add listeners; all others call one of them. */
const ADDING = ['on', 'addListener', 'prependListener'] as const;
type Adding = (typeof ADDING)[number];

/** An emitter of Node's, by the parts that are used. */
interface Emitter extends Record<Adding, (event: string, listener: () => void) => unknown> {
  emit: Emit;
  listenerCount(event: string | symbol): number;
}

type BoundEmitter = Record<Adding, Add> &
  Pick<Emitter, 'emit' | 'listenerCount'> & {
    [PENDING]?: ResumableOperation;
    [BOUND]?: Binding;
  };

/** The state of a bound emitter, in one object because reading a property of a request can take half a microsecond in Express. */
interface Binding {
  operation: ResumableOperation;
  /** The emitter's own `emit`, which another library has put on it. */
  readonly overridden: Emit | undefined;
}

/**
 * Binds an emitter of the request, so that its listeners run in the operation's context: Node emits the events of request and
 * response from the parser or the socket, outside of any request. The last of several operations wins.
 *
 * Lazy: `on` and the like are overridden with shared functions, and `emit` is wrapped when the first listener is added. Most
 * handlers add none. A listener on `newListener` instead takes up to two microseconds in a busy server.
 */
export function bindEmitter(operation: ResumableOperation, of: Emitter): void {
  const emitter = of as unknown as BoundEmitter;
  if (emitter[BOUND] !== undefined) bind(operation, emitter);
  else if (emitter.on === lazyMethods.on) emitter[PENDING] = operation;
  // An `on` that another library has put there, such as a compression middleware, may not call ours.
  else if (Object.hasOwn(emitter, 'on')) bind(operation, emitter);
  else {
    emitter[PENDING] = operation;
    emitter.on = lazyMethods.on;
    emitter.addListener = lazyMethods.addListener;
    emitter.prependListener = lazyMethods.prependListener;
  }
}

const lazyMethods = {
  on: lazyMethod('on'),
  addListener: lazyMethod('addListener'),
  prependListener: lazyMethod('prependListener'),
};

function lazyMethod(name: Adding): Add {
  return wrapAddListener(
    (emitter) => emitter[PENDING],
    (emitter, wrapped) => inheritedMethod(emitter, name, wrapped),
  );
}

/**
 * Binds all emitters with a prototype to their operations, as {@link bindEmitter} does for one. For frameworks that give every
 * application a prototype of its own, which makes the emitters slow to change.
 */
export function bindPrototype<E extends object>(
  prototype: E,
  operationOf: (emitter: E) => ResumableOperation | undefined,
): void {
  for (const name of ADDING) {
    // The application's own, or another copy of this package's.
    const own = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value: wrapAddListener(
        (emitter) => operationOf(emitter as unknown as E),
        () => own ?? Object.getPrototypeOf(prototype)[name],
      ),
    });
  }
}

/**
 * Wraps a method that adds listeners, so that its emitter is bound before the first one.
 *
 * @param methodOf - returns the wrapped method.
 */
function wrapAddListener(
  operationOf: (emitter: BoundEmitter) => ResumableOperation | undefined,
  methodOf: (emitter: BoundEmitter, wrapped: Add) => Add,
): Add {
  return function add(this: BoundEmitter, event, listener) {
    // In this order, because the questions to the emitter are the slow ones.
    const operation = isInternalListener(event, listener) || this[BOUND] ? undefined : operationOf(this);
    if (operation !== undefined) bind(operation, this);
    return methodOf(this, add).call(this, event, listener);
  };
}

/** True while a listener of ours is added, which is how it is recognised: a minifier changes the names of functions. */
let isAddingOurs = false;

/** Adds a listener of ours, for which the emitter need not be bound. */
export function addInternalListener<Event extends string>(
  emitter: Readonly<Record<'on' | 'prependListener', (event: Event, listener: () => void) => unknown>>,
  method: 'on' | 'prependListener',
  event: Event,
  listener: () => void,
): void {
  isAddingOurs = true;
  try {
    emitter[method](event, listener);
  } finally {
    isAddingOurs = false;
  }
}

/** True for listeners that need no context: ours, and the one by that name which Node adds to finish a request. */
function isInternalListener(event: string | symbol, listener: Listener | undefined): boolean {
  return isAddingOurs || (event === 'end' && listener?.name === 'clearIncoming');
}

function bind(operation: ResumableOperation, emitter: BoundEmitter): void {
  const binding = emitter[BOUND];
  // The second time, `emit` stays: another library may have wrapped it by now, and would then call itself.
  if (binding !== undefined) binding.operation = operation;
  else {
    emitter[BOUND] = { operation, overridden: Object.hasOwn(emitter, 'emit') ? emitter.emit : undefined };
    emitter.emit = emitInContext;
  }
}

function emitInContext(this: BoundEmitter, event: string | symbol, ...args: unknown[]): boolean {
  const binding = this[BOUND];
  const emit: Emit = binding?.overridden ?? inheritedMethod(this, 'emit', emitInContext);
  if (binding === undefined || this.listenerCount(event) === 0) return emit.call(this, event, ...args);
  return binding.operation.resume(() => emit.call(this, event, ...args));
}

/**
 * The method that ours overrides. Looked up for each call, because Express changes the prototype of a request as it enters
 * applications. Ours may be found several times, on objects that were derived from the request.
 */
function inheritedMethod<Name extends 'emit' | Adding>(
  emitter: BoundEmitter,
  name: Name,
  wrapped: BoundEmitter[Name],
): BoundEmitter[Name] {
  let prototype: BoundEmitter = Object.getPrototypeOf(emitter);
  let method = prototype[name];
  while (method === wrapped) {
    prototype = Object.getPrototypeOf(prototype);
    method = prototype[name];
  }
  return method;
}
