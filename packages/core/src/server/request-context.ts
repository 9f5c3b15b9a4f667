import type { Context } from '@opentelemetry/api';
import { createContextKey, INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api';
import type { RpcMetadata } from '../otel/rpc-metadata.js';
import { RPC_METADATA_KEY } from '../otel/rpc-metadata.js';
import type { RequestScope } from './server-operation.js';

/** Finds the request's operation from any depth; versioned, since two copies of this package may be loaded. */
export const OPERATION_KEY: symbol = createContextKey('otel-middleware server operation v1');

/** The key of the active span, asked of the API through a context that only notes what it is called with. */
const SPAN_KEY: symbol = spanKey();

/**
 * The context of one request: what was extracted, plus the span, the operation and its RPC metadata.
 *
 * One object instead of three, each with a copied map, which is what `setValue` of the API's context costs.
 */
export class RequestContext implements Context {
  readonly #parent: Context;
  readonly #operation: RpcMetadata & RequestScope;

  constructor(parent: Context, operation: RpcMetadata & RequestScope) {
    this.#parent = parent;
    this.#operation = operation;
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.#operation.span;
    if (key === OPERATION_KEY || key === RPC_METADATA_KEY) return this.#operation;
    return this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new DerivedContext(this, new Map([[key, value]]));
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }
}

/** A request's context with some values changed. All of them are in one map, so that no chain grows with the changes. */
class DerivedContext implements Context {
  readonly #request: RequestContext;
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(request: RequestContext, values: ReadonlyMap<symbol, unknown>) {
    this.#request = request;
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.has(key) ? this.#values.get(key) : this.#request.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new DerivedContext(this.#request, new Map(this.#values).set(key, value));
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }
}

/**
 * The context that propagators set what they find on. Each value is one small object, where `setValue` of the API's context
 * copies a map and makes three functions; of the two or three values that a request brings, the chain stays short.
 */
class ExtractedContext implements Context {
  readonly #outer: ExtractedContext | undefined;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  constructor(outer?: ExtractedContext, key?: symbol, value?: unknown) {
    this.#outer = outer;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#outer?.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new ExtractedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }
}

/** An empty context to extract into. Not the ambient one, which on a reused connection may be that of another request. */
export const EXTRACTION_ROOT: Context = new ExtractedContext();

function spanKey(): symbol {
  let found: symbol | undefined;
  const note: Context = {
    getValue: () => undefined,
    setValue: (key) => {
      found = key;
      return note;
    },
    deleteValue: () => note,
  };
  trace.setSpan(note, trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
  return found ?? createContextKey('OpenTelemetry Context Key SPAN');
}
