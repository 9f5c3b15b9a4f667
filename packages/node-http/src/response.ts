import type { ServerResponse } from 'node:http';
import type { ServerOperation } from '@otel-middleware/core';
import { bindEmitter, endOnClose, watchBodies } from '@otel-middleware/core/node';
import onHeaders from 'on-headers';
import type { NodeRequest, NodeResponse } from './node-messages.js';

/**
 * Watches one response for its operation: commits it when the head is about to be sent, if the operation asks for that,
 * and ends it when the response is closed. Events of request and response are emitted in the operation's context.
 *
 * Of an excluded request only the events are taken care of, so that what they start is suppressed too.
 *
 * One listener is added to the response, and what adds listeners is wrapped. Nothing else is, unless the operation asks for the
 * head, for body sizes or for messages.
 *
 * @param response - what the operation's getters and hooks know the response as.
 * @param beforeEnd - called first at the end, to tell the route that the router has matched by then.
 */
export function watchResponse<Res>(
  operation: ServerOperation<Res>,
  request: NodeRequest,
  raw: NodeResponse,
  response: Res,
  beforeEnd?: () => void,
): void {
  bindEmitter(operation, request);
  if (operation.kind !== 'excluded') watchEnd(operation, request, raw, response, beforeEnd);
  // Last, so that a listener of ours is none that the response has to be bound for.
  bindEmitter(operation, raw);
}

/** As {@link watchResponse}, but for the events. */
export function watchEnd<Res>(
  operation: ServerOperation<Res>,
  request: NodeRequest,
  raw: NodeResponse,
  response: Res,
  beforeEnd?: () => void,
): void {
  if (operation.needs.head) onHeaders(raw as ServerResponse, () => operation.commit(response));
  endOnClose(operation, request, raw, response, beforeEnd, watchBodies(operation, request, raw));
}
