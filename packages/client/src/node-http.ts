import { diag } from '@opentelemetry/api';
import { errorFields, isAbort } from './abort.js';
import type { ChannelListeners, ClientListeners } from './channels.js';
import { REQUEST_CREATED } from './default-agents.js';
import type { HeaderLines } from './header-fields.js';
import { HeaderFields, pairs } from './header-fields.js';
import type { HttpClientInstrumentation } from './instrumentation.js';
import type { WithOperation } from './operation.js';
import { connectionAttributes, OPERATION } from './operation.js';
import type { HttpClientRequest } from './options.js';

/** Node's `ClientRequest`, by the parts that are read. */
export interface NodeClientRequest extends WithOperation {
  readonly method: string;
  readonly protocol: string;
  readonly host: string;
  readonly path: string;
  readonly headersSent: boolean;
  /** The head as it goes out, once `headersSent`. */
  readonly _header: string | null;
  readonly destroyed: boolean;
  readonly res: NodeResponse | null;
  getHeaders(): Readonly<Record<string, number | string | readonly string[] | undefined>>;
  setHeader(name: string, value: string): void;
  removeHeader(name: string): void;
  once(event: 'close' | 'timeout', listener: () => void): void;
}

interface NodeResponse {
  readonly statusCode: number;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly socket: { readonly remoteAddress?: string; readonly remotePort?: number } | null;
}

interface Exchange {
  readonly request: NodeClientRequest;
  readonly response: NodeResponse;
}

interface FailedExchange {
  readonly request: NodeClientRequest;
  readonly error: unknown;
}

/**
 * Listens to the requests of `node:http` and `node:https`; each redirect and retry of a client above them is one of its
 * own.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#http
 */
export function nodeHttpListeners(instrumentation: HttpClientInstrumentation): ClientListeners {
  return {
    starts: {
      [REQUEST_CREATED]: ({ request }: { request: NodeClientRequest }) =>
        startRequest(instrumentation, request),
    },
    ends: {
      'http.client.response.finish': ({ request, response }: Exchange) => endRequest(request, response),
      'http.client.request.error': ({ request, error }: FailedExchange) => {
        const operation = request[OPERATION];
        if (isAbort(error) || (isHangUp(error) && request.destroyed && !operation?.timedOut))
          operation?.abort();
        else operation?.fail(error);
      },
    },
  };
}

/** Listens to what a Node older than 22.12 sends without having published it, and says once that this is lost. */
export function unseenListeners(instrumentation: HttpClientInstrumentation): ChannelListeners {
  let warned = false;
  return {
    'http.client.request.start': ({ request }: { request: NodeClientRequest }) => {
      if (warned || request[OPERATION] !== undefined || !instrumentation.traces(outgoing(request))) return;
      warned = true;
      diag.warn(
        'A request of node:http or node:https with an agent of its own is not traced: Node before 22.12 shows only those of ' +
          'the default agents. Update Node, or leave the agent out.',
      );
    },
  };
}

/** Starts the operation of a request that was just made, and gives it its trace headers while that can be done. */
function startRequest(instrumentation: HttpClientInstrumentation, request: NodeClientRequest): void {
  if (request[OPERATION] !== undefined) return;
  const operation = request.method === 'CONNECT' ? undefined : instrumentation.start(outgoing(request));
  request[OPERATION] = operation ?? null;
  if (operation === undefined) return;
  request.once('timeout', () => {
    operation.timedOut = true;
  });
  // No channel tells a switch of protocols, nor an `abort()` before there is a socket, which Node takes for no error.
  request.once('close', () => {
    if (request.res) endRequest(request, request.res);
    else operation.abort();
  });
  if (request.headersSent) return;
  for (const [name, value] of operation.attempt.traceHeaders) {
    if (value === undefined) request.removeHeader(name);
    else request.setHeader(name, value);
  }
}

function outgoing(request: NodeClientRequest): HttpClientRequest {
  const headers = new HeaderFields(() => linesOf(request));
  return { method: request.method, url: urlOf(request, headers.get('host') ?? request.host), headers };
}

function urlOf({ protocol, path }: NodeClientRequest, authority: string): string {
  if (/^https?:\/\//.test(path)) return path;
  return `${protocol}//${authority}${path === '*' ? '' : path}`;
}

/** Headers that were given as an array, and those that expect a 100, are in the head already, and nowhere else. */
function linesOf(request: NodeClientRequest): HeaderLines {
  const lines = request.headersSent ? (request._header?.split('\r\n').slice(1) ?? []) : [];
  if (lines.length > 0)
    return lines
      .filter((line) => line !== '')
      .map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^.*?: */, '')]);
  return pairs(Object.entries(request.getHeaders()).flat());
}

function endRequest(
  request: NodeClientRequest,
  { statusCode, httpVersion, rawHeaders, socket }: NodeResponse,
): void {
  const operation = request[OPERATION];
  if (!operation) return;
  operation.connection = connectionAttributes(socket, httpVersion);
  operation.end({ status: statusCode, headers: new HeaderFields(() => pairs(rawHeaders)) });
}

/** Node's word for a connection that ended without an answer, whoever has ended it. */
function isHangUp(error: unknown): boolean {
  const { code, message } = errorFields(error);
  return code === 'ECONNRESET' && message === 'socket hang up';
}
