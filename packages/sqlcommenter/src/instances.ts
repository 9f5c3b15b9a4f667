import type { EventEmitter } from 'node:events';

/** A function of an object, whatever it takes. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What is used of the events of pools and connections. */
export type Emitter = Pick<EventEmitter, 'on' | 'once' | 'removeListener'>;

/** How the objects that are commented become as they were. */
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

/**
 * Puts a function in front of a method of one object.
 *
 * @returns what takes it away again. Where something else has been put in front since, that stays, and calls the method.
 */
export function override(target: object, name: string, make: (original: Method) => Method): () => void {
  const methods = target as Record<string, Method>;
  const before = Object.getOwnPropertyDescriptor(target, name);
  const original = methods[name] as Method;
  let current = make(original);
  const replacement: Method = function (...args) {
    return current.apply(this, args);
  };
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: false,
    writable: true,
    value: replacement,
  });
  return () => {
    current = original;
    if (methods[name] !== replacement) return;
    if (before === undefined) delete methods[name];
    else Object.defineProperty(target, name, before);
  };
}

/** Whether an object has a method of this name. */
export function hasMethod<Name extends string>(target: unknown, name: Name): target is Record<Name, Method> {
  return typeof (target as Record<string, unknown> | null | undefined)?.[name] === 'function';
}

/**
 * Comments the connections of a pool when they are taken out of it.
 *
 * @param apply - puts comments on a connection; called once for each.
 * @returns what takes the comments off all of them.
 */
export function commentAcquired(pool: Emitter, apply: (connection: Emitter) => () => void): () => void {
  const connections = new Map<Emitter, () => void>();
  const acquire = (connection: Emitter): void => {
    if (connections.has(connection)) return;
    connections.set(connection, apply(connection));
    connection.once('end', () => connections.delete(connection));
  };
  pool.on('acquire', acquire);
  return () => {
    pool.removeListener('acquire', acquire);
    for (const undo of connections.values()) undo();
  };
}
