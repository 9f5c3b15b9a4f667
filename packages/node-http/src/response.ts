import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { HttpResponseGetter, ServerOperation } from '@otel-middleware/core';
import onHeaders from 'on-headers';
import { countBodies } from './body-size.js';
import type { NodeRequest } from './request.js';

/** A response as Node's servers hand it out: HTTP/1, or HTTP/2 through the compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Reads the Node response behind a framework's response. */
export function nodeResponse<Res>(raw: (response: Res) => NodeResponse): HttpResponseGetter<Res> {
  return {
    statusCode: (response) => (raw(response).headersSent ? raw(response).statusCode : undefined),
    keys: (response) => raw(response).getHeaderNames(),
    headerValues: (response, name) => {
      const value: unknown = raw(response).getHeader(name);
      if (value === undefined) return undefined;
      return Array.isArray(value) ? value.map(String) : [String(value)];
    },
    setHeader: (response, name, value) => {
      (raw(response) as ServerResponse).setHeader(name, value);
    },
  };
}

/**
 * Watches one response for its operation: commits it when the head is about to be sent, if the operation asks for that,
 * and ends it when the response is closed, whether it was sent in full, failed or was left by the client.
 *
 * One listener is added to the response. Nothing is wrapped unless the operation asks for the head or for body sizes.
 *
 * @param response - what the operation's getters and hooks know the response as.
 * @param beforeEnd - called first at the end, to tell the route that the router has matched by then.
 */
export function observeResponse<Res>(
  operation: ServerOperation<Res>,
  request: NodeRequest,
  raw: NodeResponse,
  response: Res,
  beforeEnd?: () => void,
): void {
  const { observes } = operation;
  if (observes.head) onHeaders(raw as ServerResponse, () => operation.commit(response));
  const sizes = observes.bodySizes ? countBodies(request, raw) : undefined;
  const onClose = (): void => {
    beforeEnd?.();
    const error = errorOf(raw);
    if (error !== undefined) operation.recordError(error);
    const aborted = error !== undefined || !isComplete(raw);
    operation.end(response, sizes === undefined ? { aborted } : { aborted, ...sizes() });
  };
  // Whoever owns the span has been listening since before us, and ends it at this event.
  if (operation.enriches) raw.prependListener('close', onClose);
  else raw.on('close', onClose);
}

/** The error that a response was destroyed with. */
function errorOf(response: NodeResponse): Error | undefined {
  const error = 'stream' in response ? response.stream.errored : response.errored;
  return error ?? undefined;
}

/** Tells whether everything was handed to the network: HTTP/2 streams finish even when the client has reset them. */
function isComplete(response: NodeResponse): boolean {
  if (!('stream' in response)) return response.writableFinished;
  const { stream } = response;
  return response.writableEnded && !stream.aborted && stream.rstCode === 0;
}
