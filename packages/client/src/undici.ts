import type { Context } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import { errorFields, isAbort } from './abort.js';
import type { ClientListeners } from './channels.js';
import { HeaderFields, pairs } from './header-fields.js';
import type { HttpClientInstrumentation } from './instrumentation.js';
import type { TraceHeaders, WithOperation } from './operation.js';
import { connectionAttributes, OPERATION } from './operation.js';

/** A request of undici 6 or newer, by the parts that are read; Node's `fetch` is undici's. */
interface UndiciRequest extends WithOperation, Partial<Record<(typeof CALLBACKS)[number], () => unknown>> {
  readonly method: string;
  readonly origin: string | URL;
  readonly path: string;
  /** The `Host` header, which is not among the others. */
  readonly host: string | null;
  /** Names and values in turn. */
  readonly headers: unknown[];
  readonly body: unknown;
  addHeader(name: string, value: string): void;
}

interface SentHeaders {
  readonly request: UndiciRequest;
  readonly headers: string;
  readonly socket: { readonly remoteAddress?: string; readonly remotePort?: number };
}

interface ReceivedHeaders {
  readonly request: UndiciRequest;
  /** HTTP/2 brings an object in undici 8, everything else names and values in turn. */
  readonly response: { readonly statusCode: number; readonly headers: unknown[] | object };
}

/** The functions from which undici's own redirects and retries send again, as undici 6 and 7 name them, and 8. */
const CALLBACKS = [
  'onHeaders',
  'onComplete',
  'onError',
  'onResponseStart',
  'onResponseEnd',
  'onResponseError',
] as const;

/**
 * Listens to the requests of undici, each redirect and retry being one of its own.
 *
 * @see https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
 */
export function undiciListeners(instrumentation: HttpClientInstrumentation): ClientListeners {
  return {
    starts: {
      'undici:request:create': ({ request }: { request: UndiciRequest }) => {
        if (request.method === 'CONNECT' || request[OPERATION] !== undefined) return;
        const headers = new HeaderFields(() => pairs(request.headers));
        const operation = instrumentation.start({ method: request.method, url: urlOf(request), headers });
        if (operation === undefined) return;
        request[OPERATION] = operation;
        replaceHeaders(request, operation.attempt.traceHeaders);
        bindCallbacks(request, operation.attempt.parent);
      },
    },
    ends: {
      'undici:client:sendHeaders': ({ request, headers, socket }: SentHeaders) => {
        const version = /^\S+ \S+ HTTP\/1\.1\r\n/.test(headers) ? '1.1' : '2';
        if (request[OPERATION]) request[OPERATION].connection = connectionAttributes(socket, version);
      },
      'undici:request:headers': ({ request, response: { statusCode: status, headers } }: ReceivedHeaders) => {
        if (status < 200 && status !== 101) return;
        const lines = Array.isArray(headers) ? headers : Object.entries(headers).flat(1);
        request[OPERATION]?.end({ status, headers: new HeaderFields(() => pairs(lines)) });
      },
      'undici:request:error': ({ request, error }: { request: UndiciRequest; error: unknown }) => {
        if (isGivenUp(error, request.body)) request[OPERATION]?.abort();
        else request[OPERATION]?.fail(error);
      },
    },
  };
}

function urlOf({ origin, path, host }: UndiciRequest): string {
  if (/^https?:\/\//.test(path)) return path;
  const { protocol, host: authority } = new URL(origin);
  return `${protocol}//${host ?? authority}${path}`;
}

function replaceHeaders(request: UndiciRequest, traceHeaders: TraceHeaders): void {
  const { headers } = request;
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (traceHeaders.has(String(headers[index]).toLowerCase())) headers.splice(index, 2);
  }
  for (const [name, value] of traceHeaders) if (value !== undefined) request.addHeader(name, value);
}

/** Undici calls back in the context of the connection, which another request may have opened: in that of its caller. */
function bindCallbacks(request: UndiciRequest, caller: Context): void {
  for (const name of CALLBACKS) {
    const callback = request[name];
    if (callback !== undefined) request[name] = context.bind(caller, callback);
  }
}

/**
 * Tells whether an error is the reason of the caller's abort signal, which can be anything. Undici and the system give
 * their errors a code; so what has none is the caller's, or comes from the stream that is sent.
 */
function isGivenUp(error: unknown, body: unknown): boolean {
  const { name, code, message } = errorFields(error);
  // The refusal of a proxy is an `AbortError` too.
  if (isAbort(error)) return typeof message !== 'string' || !message.startsWith('Proxy response');
  const isStream = body !== null && !ArrayBuffer.isView(body);
  return code === undefined && name !== 'TimeoutError' && name !== 'HTTPParserError' && !isStream;
}
