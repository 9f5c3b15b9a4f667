import { context } from '@opentelemetry/api';
import { settle } from '@otel-middleware/core/internal';
import { isAbort } from './abort.js';
import { HeaderFields } from './header-fields.js';
import { HttpClientInstrumentation } from './instrumentation.js';
import type { ClientOperation, TraceHeaders } from './operation.js';
import type { HttpClientOptions } from './options.js';

/** Any function that takes and returns what the global `fetch` does, whosever `Request` and `Response` they are. */
type Fetch = (input: never, init?: never) => Promise<FetchResponse>;

interface FetchResponse {
  readonly status: number;
  readonly headers: Iterable<[string, string]>;
}

type FetchArguments = [input: string | URL | Request, init?: RequestInit | null];

/** Methods that `fetch` puts into upper case; others it sends as they are. */
const NORMALIZED_METHOD = /^(?:delete|get|head|options|post|put)$/i;

/**
 * Wraps `fetch` so that each call is a client span; works with every WHATWG `fetch` and needs nothing of Node.
 *
 * The span ends with the head of the response. Redirects that `fetch` follows are within it, since they cannot be seen
 * from outside. What `fetch` returns or throws, its `this` and its own properties stay as they are.
 *
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure.
 */
export function instrumentFetch<F extends Fetch>(fetch: F, options: HttpClientOptions = {}): F {
  if (typeof fetch !== 'function')
    throw new TypeError(
      '@otel-middleware/client: the first argument must be a fetch, such as globalThis.fetch.',
    );
  const instrumentation = new HttpClientInstrumentation(options);
  return new Proxy(fetch, {
    apply(target, self, call: FetchArguments) {
      const operation = start(instrumentation, call);
      if (operation === undefined) return Reflect.apply(target, self, call);
      const { context: active, traceHeaders } = operation.attempt;
      const carrying = withHeaders(call, traceHeaders);
      return context.with(active, () =>
        followCall(operation, call, () => Reflect.apply(target, self, carrying)),
      );
    },
  });
}

function start(
  instrumentation: HttpClientInstrumentation,
  call: FetchArguments,
): ClientOperation | undefined {
  try {
    const [input, init] = call;
    const request = isRequest(input) ? input : undefined;
    const url = new URL(request?.url ?? String(input)).href;
    const method = init?.method ?? request?.method ?? 'GET';
    return signalOf(call)?.aborted
      ? undefined
      : instrumentation.start({
          method: NORMALIZED_METHOD.test(method) ? method.toUpperCase() : method,
          url,
          headers: new HeaderFields(() => new Headers(init?.headers ?? request?.headers)),
        });
  } catch {
    // Not a request: `fetch` says so itself.
    return undefined;
  }
}

function followCall<T extends FetchResponse>(
  operation: ClientOperation,
  call: FetchArguments,
  send: () => Promise<T>,
): Promise<T> {
  const onResponse = (response: Awaited<T>): Awaited<T> => {
    operation.end({ status: response.status, headers: new HeaderFields(() => response.headers) });
    return response;
  };
  const onError = (error: unknown): void => {
    if (isAbort(error, signalOf(call))) operation.abort();
    else operation.fail(error);
  };
  return settle<Promise<T>, Awaited<T>>(send, onResponse, onError) as Promise<T>;
}

/** The same call with other trace headers; nothing that the caller holds is changed. */
function withHeaders(call: FetchArguments, traceHeaders: TraceHeaders): FetchArguments {
  const [input, init] = call;
  if (traceHeaders.size === 0) return call;
  try {
    // A whole request is copied by a constructor of its own make, which knows all that is in it.
    if (isRequest(init)) return [carrying(Reflect.construct(init.constructor, [input, init]), traceHeaders)];
    if (isRequest(input) && init == null)
      return [carrying(Reflect.construct(input.constructor, [input]), traceHeaders)];
    const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined));
    return [input, carrying({ ...init, headers }, traceHeaders)];
  } catch {
    return call;
  }
}

function carrying<T extends { readonly headers: Headers }>(request: T, traceHeaders: TraceHeaders): T {
  for (const [name, value] of traceHeaders) {
    if (value === undefined) request.headers.delete(name);
    else request.headers.set(name, value);
  }
  return request;
}

function signalOf([input, init]: FetchArguments): AbortSignal | null | undefined {
  return init?.signal ?? (isRequest(input) ? input.signal : undefined);
}

function isRequest(value: unknown): value is Request {
  return typeof (value as Request | null | undefined)?.url === 'string';
}
