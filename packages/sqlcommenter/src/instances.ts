import type { EventEmitter } from 'node:events';

/** A function of an object, whatever it takes. */
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The events of pools and connections that are used. */
export type Emitter = Pick<EventEmitter, 'on' | 'once' | 'removeListener'>;

/** The functions that restore commented objects. */
const undos = new WeakMap<object, () => void>();

/**
 * Takes comments off an object that `commentPg`, `commentMysql2` or `commentKnex` was given, with the connections of a pool.
 * Does nothing to any other object.
 *
 * @returns the object.
 */
export function uncomment<Target extends object>(target: Target): Target {
  undos.get(target)?.();
  undos.delete(target);
  return target;
}

/** Puts comments on an object, in place of those that it has. */
export function comment(target: object, apply: () => () => void): void {
  uncomment(target);
  undos.set(target, apply());
}

/** A change of a method's first argument: returns its replacement. */
export type Change = (first: unknown) => unknown;

/**
 * Changes what a method of one object is called with.
 *
 * @returns what takes that away again. Where something else has been put in front since, that stays, and calls the method.
 */
export function override(target: object, name: string, change: Change): () => void {
  const methods = target as Record<string, Method>;
  const before = Object.getOwnPropertyDescriptor(target, name);
  const original = methods[name] as Method;
  let active = true;
  const replacement: Method = function (first, ...rest) {
    return original.call(this, active ? change(first) : first, ...rest);
  };
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: false,
    writable: true,
    value: replacement,
  });
  return () => {
    active = false;
    if (methods[name] !== replacement) return;
    if (before === undefined) delete methods[name];
    else Object.defineProperty(target, name, before);
  };
}

/**
 * Comments what is asked of a pool itself, and its connections when they are taken out of it. Who waits for a connection is
 * called in the context of whoever gives it back, so what the pool is asked gets its tags before.
 *
 * @param commentConnection - puts comments on a connection; called once for each.
 * @returns what takes the comments off all of them.
 */
export function commentPool(
  pool: Emitter,
  query: Change,
  commentConnection: (connection: Emitter) => () => void,
): () => void {
  const connections = new Map<Emitter, () => void>();
  const acquire = (connection: Emitter): void => {
    if (connections.has(connection)) return;
    connections.set(connection, commentConnection(connection));
    connection.once('end', () => connections.delete(connection));
  };
  pool.on('acquire', acquire);
  const undoQuery = override(pool, 'query', query);
  return () => {
    undoQuery();
    pool.removeListener('acquire', acquire);
    for (const undo of connections.values()) undo();
  };
}
