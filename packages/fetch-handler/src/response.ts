import type { HttpResponseGetter } from '@otel-middleware/core';
import type { NodeResponseLike } from '@otel-middleware/core/node';
import { nodeResponse } from '@otel-middleware/core/node';
import { outgoingOf } from './connection.js';

const nodeOutgoing = nodeResponse<NodeResponseLike>((response) => response);

/** Reads the `Response` behind a framework's response; the status code is told by {@link sentStatus}. */
export function fetchResponse<Res>(
  raw: (response: Res) => Response,
): Omit<HttpResponseGetter<Res>, 'statusCode'> {
  return {
    keys: (response) => [...raw(response).headers.keys()],
    headerValues: (response, name) => {
      const { headers } = raw(response);
      if (name === 'set-cookie') return headers.has(name) ? headers.getSetCookie() : undefined;
      const value = headers.get(name);
      return value === null ? undefined : [value];
    },
    setHeader: (response, name, value) => raw(response).headers.set(name, value),
  };
}

/** The status code that was sent, as Node's own response tells it, else as the handler has answered. */
export function sentStatus(
  request: Request,
  environment: unknown,
  response: Response | undefined,
): number | undefined {
  const outgoing = outgoingOf(environment);
  if (outgoing !== undefined) return nodeOutgoing.statusCode(outgoing);
  return isUpgraded(request, response) ? 101 : response?.status;
}

/**
 * Tells whether a request was answered with a switch of protocols: by a 101, or by what handlers return on Bun and Node
 * when the server has taken the connection over for a WebSocket, which is nothing at all or an empty 200.
 */
export function isUpgraded(request: Request, response: Response | undefined): boolean {
  if (response?.status === 101) return true;
  if (!/\bwebsocket\b/i.test(request.headers.get('upgrade') ?? '')) return false;
  return response === undefined || (response.status === 200 && response.body === null);
}

/** A response whose headers can be set: those that `fetch` or `Response.redirect` made cannot be changed. */
export function withMutableHeaders(response: Response): Response {
  try {
    response.headers.delete('x-otel-middleware');
    return response;
  } catch {
    // A 101 is bound to its socket and cannot be made anew.
    return response.status === 101 ? response : new Response(response.body, response);
  }
}

/** Stands for a response that a server has made without the handler, such as the answer to a thrown error. */
export function responseOf(status: number): Response {
  // The constructor refuses 101.
  return { status, headers: new Headers() } as Response;
}
