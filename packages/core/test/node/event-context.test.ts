import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { addInternalListener, bindEmitter, bindPrototype } from '../../src/node/event-context.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());

const KEY = createContextKey('test event context');
const active = () => context.active().getValue(KEY);
/** The part of an operation that `bindEmitter` needs: a context to run in. */
const operation = (value: string) => ({
  resume: <T>(continuation: () => T): T => context.with(ROOT_CONTEXT.setValue(KEY, value), continuation),
});

describe('an emitter within an operation (context:active)', () => {
  test('calls its listeners in the operation’s context, with the event’s arguments and itself as this', () => {
    const emitter = new EventEmitter();
    const calls: unknown[] = [];
    bindEmitter(operation('one'), emitter);
    emitter.on('data', function (this: unknown, ...args) {
      calls.push([active(), this === emitter, args]);
    });
    expect(emitter.emit('data', 1, 2)).toBe(true);
    expect(emitter.emit('other')).toBe(false);
    expect(calls).toEqual([['one', true, [1, 2]]]);
    expect(active()).toBeUndefined();
  });

  test('throws what a listener throws, and an error that nobody listens to', () => {
    const emitter = new EventEmitter();
    bindEmitter(operation('one'), emitter);
    const error = new Error('x');
    expect(() => emitter.emit('error', error)).toThrow('x');
    emitter.on('data', () => {
      throw error;
    });
    expect(() => emitter.emit('data')).toThrow(error);
  });

  test('keeps an emit that the emitter had of its own', () => {
    const emitter = new EventEmitter();
    const emitted: unknown[] = [];
    emitter.emit = function (this: EventEmitter, event, ...args) {
      if (event !== 'newListener') emitted.push(event);
      return EventEmitter.prototype.emit.call(this, event, ...args);
    };
    bindEmitter(operation('one'), emitter);
    emitter.on('data', () => emitted.push(active()));
    emitter.emit('data');
    expect(emitted).toEqual(['data', 'one']);
  });

  test('emits by itself until somebody listens, and has no listener of ours', () => {
    const emitter = new EventEmitter();
    bindEmitter(operation('one'), emitter);
    addInternalListener(emitter, 'on', 'close', () => {});
    emitter.on('end', function clearIncoming() {});
    expect([Object.hasOwn(emitter, 'emit'), emitter.eventNames()]).toEqual([false, ['close', 'end']]);
    emitter.on('close', () => {});
    expect([Object.hasOwn(emitter, 'emit'), emitter.listenerCount('close')]).toEqual([true, 2]);
  });

  test.each(['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const)(
    'what %s adds is called in the context, and can be removed',
    (add) => {
      const emitter = new EventEmitter();
      const seen: unknown[] = [];
      bindEmitter(operation('one'), emitter);
      const listener = () => seen.push(active());
      expect(emitter[add]('data', listener)).toBe(emitter);
      emitter.emit('data');
      emitter.off('data', listener);
      expect([emitter.emit('data'), seen]).toEqual([false, ['one']]);
    },
  );

  test('keeps the way of adding that the emitter had of its own, as compression gives one to responses', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    emitter.on = function (this: EventEmitter, event, listener) {
      seen.push(event);
      return EventEmitter.prototype.on.call(this, event, listener);
    };
    bindEmitter(operation('one'), emitter);
    emitter.on('data', () => seen.push(active()));
    emitter.emit('data');
    expect(seen).toEqual(['data', 'one']);
  });

  test('an object that is derived from the emitter works as the emitter', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    bindEmitter(operation('one'), emitter);
    const derived = Object.create(emitter) as EventEmitter;
    derived.on('data', () => seen.push(active()));
    for (const one of [emitter, derived]) one.emit('data');
    emitter.on('data', () => seen.push(active()));
    derived.emit('data');
    // Whoever emits it: a listener that was added by way of the derived object is bound there.
    expect(seen).toEqual([undefined, 'one', 'one', 'one']);
  });

  test('a registration after the first listener counts at once', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    bindEmitter(operation('outer'), emitter);
    emitter.on('data', () => seen.push(active()));
    bindEmitter(operation('inner'), emitter);
    emitter.emit('data');
    expect(seen).toEqual(['inner']);
  });

  test('of two registrations the later one counts', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    bindEmitter(operation('outer'), emitter);
    bindEmitter(operation('inner'), emitter);
    emitter.on('data', () => seen.push(active()));
    emitter.emit('data');
    expect(seen).toEqual(['inner']);
  });

  test('works on where a library has wrapped emit between two registrations', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    bindEmitter(operation('outer'), emitter);
    const { emit } = emitter;
    emitter.emit = function (this: EventEmitter, ...args) {
      if (args[0] !== 'newListener') seen.push('library');
      return emit.apply(this, args);
    };
    bindEmitter(operation('inner'), emitter);
    emitter.on('data', () => seen.push(active()));
    expect(emitter.emit('data')).toBe(true);
    expect(seen).toEqual(['library', 'inner']);
  });

  test('follows a prototype that changes, as Express changes that of requests', () => {
    const emitter = new EventEmitter();
    bindEmitter(operation('one'), emitter);
    const prototype = Object.create(EventEmitter.prototype) as EventEmitter;
    const seen: unknown[] = [];
    prototype.emit = function (this: EventEmitter, ...args) {
      if (args[0] !== 'newListener') seen.push('new prototype');
      return EventEmitter.prototype.emit.apply(this, args);
    };
    Object.setPrototypeOf(emitter, prototype);
    emitter.on('data', () => seen.push(active()));
    emitter.emit('data');
    expect(seen).toEqual(['new prototype', 'one']);
  });
});

describe('the emitters of a prototype within their operations (context:active)', () => {
  /** A prototype as an application has one, and emitters of it. */
  const application = () => {
    const prototype = Object.create(EventEmitter.prototype) as EventEmitter;
    const operations = new Map<EventEmitter, ReturnType<typeof operation>>();
    bindPrototype(prototype, (emitter) => operations.get(emitter));
    return (value?: string) => {
      const emitter = Object.setPrototypeOf(new EventEmitter(), prototype) as EventEmitter;
      if (value !== undefined) operations.set(emitter, operation(value));
      return emitter;
    };
  };

  test.each(['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const)(
    'what %s adds is called in the context of the emitter’s own operation',
    (add) => {
      const emitterOf = application();
      const seen: unknown[] = [];
      for (const emitter of [emitterOf('one'), emitterOf('two'), emitterOf()]) {
        emitter[add]('data', (...args) => seen.push([active(), args]));
        expect(emitter.emit('data', 1)).toBe(true);
      }
      expect(seen).toEqual([
        ['one', [1]],
        ['two', [1]],
        [undefined, [1]],
      ]);
    },
  );

  test('nothing is put on an emitter until somebody listens, nor for what listens to its end', () => {
    const emitter = application()('one');
    const before = Reflect.ownKeys(emitter);
    addInternalListener(emitter, 'on', 'close', () => {});
    emitter.on('end', function clearIncoming() {});
    expect(Reflect.ownKeys(emitter)).toEqual(before);
    emitter.on('data', () => {});
    expect(Reflect.ownKeys(emitter)).not.toEqual(before);
  });

  test('a further registration counts, whether it comes before the listener or after it', () => {
    const emitterOf = application();
    const seen: unknown[] = [];
    const [early, late] = [emitterOf('outer'), emitterOf('outer')];
    bindEmitter(operation('inner'), early);
    for (const emitter of [early, late]) emitter.on('data', () => seen.push(active()));
    bindEmitter(operation('inner'), late);
    for (const emitter of [early, late]) emitter.emit('data');
    expect(seen).toEqual(['inner', 'inner']);
  });

  test('a method that the prototype had of its own is still called', () => {
    const prototype = Object.create(EventEmitter.prototype) as EventEmitter;
    const added: unknown[] = [];
    prototype.on = function (this: EventEmitter, event, listener) {
      added.push(event);
      return EventEmitter.prototype.on.call(this, event, listener);
    };
    bindPrototype(prototype, () => operation('one'));
    const emitter = Object.setPrototypeOf(new EventEmitter(), prototype) as EventEmitter;
    emitter.on('data', () => added.push(active()));
    emitter.emit('data');
    expect(added).toEqual(['data', 'one']);
  });

  test('what is no listener is refused as without it', () => {
    const emitter = application()('one');
    expect(() => emitter.on('data', undefined as never)).toThrow(
      '"listener" argument must be of type function',
    );
  });
});
