import type { TracerProvider } from '@opentelemetry/api';
import { diag } from '@opentelemetry/api';
import type { Messages, ResponseOutcome, ServerOperation } from '@otel-middleware/core';
import { receivedChunks, sentChunks } from '@otel-middleware/core';
import type { NodeRequestLike, NodeResponseLike } from '@otel-middleware/core/node';
import { endOnClose, watchBodies } from '@otel-middleware/core/node';
import type { BodyListener } from './body.js';
import { isEventStream, isLive, watchBody, watchRequestBody } from './body.js';
import { completionOf, incomingOf, outgoingOf } from './connection.js';
import { flushedAtEnd } from './flush.js';
import { runFor } from './request-identity.js';
import { isUpgraded } from './response.js';

/** The parts of an exchange besides its operation. */
export interface ExchangeStart<Res> {
  readonly request: Request;
  /** The environment that the runtime passed beside the request. */
  readonly environment: unknown;
  /** The execution context of a Worker, where there is one. */
  readonly execution: unknown;
  /** The option of the same name. */
  readonly tracerProvider: TracerProvider | undefined;
  /**
   * Called once, right before the end, with what the handler has answered, if it has: tells the operation what is known
   * only now, and returns what its getters and hooks know the response as, or `undefined` when nothing was sent.
   */
  finish(response: Response | undefined): Res | undefined;
}

/**
 * One request and its response, followed to the end in the way that the runtime allows.
 *
 * On Node that is the close of Node's own response. Elsewhere it is the end of a body that is made while it is sent; what
 * Deno tells of the others; and the handler's answer where nothing tells. No other body is touched, and events of Node's
 * messages stay outside the operation's context: handlers see none of them, and it would cost a quarter of the tracing.
 */
export class Exchange<Res> {
  readonly #operation: ServerOperation<Res>;
  readonly #start: ExchangeStart<Res>;
  readonly #onNode: boolean;
  readonly #releaseIsolate: (() => void) | undefined;
  readonly #messages: Messages | undefined;
  #response: Response | undefined;

  constructor(operation: ServerOperation<Res>, start: ExchangeStart<Res>) {
    this.#operation = operation;
    this.#start = start;
    const incoming = incomingOf(start.environment);
    const outgoing = outgoingOf(start.environment);
    this.#onNode = incoming !== undefined && outgoing !== undefined;
    if (incoming !== undefined && outgoing !== undefined) {
      this.#endOnClose(incoming, outgoing);
      return;
    }
    if (operation.kind === 'owned')
      this.#releaseIsolate = flushedAtEnd(start.execution, start.tracerProvider);
    const { receives, sends } = operation.needs;
    if (receives || sends) this.#messages = operation.messages();
    if (receives) this.#watchRequest();
  }

  /** Calls the handler in the operation's context; returns what it returns. */
  run<T>(handler: () => T): T {
    const { request, environment } = this.#start;
    if (incomingOf(environment) !== undefined) return this.#operation.run(handler);
    return this.#operation.run(() => runFor(request, handler));
  }

  /** Takes what the handler has answered, and returns what is to be sent: another response if its body is watched. */
  answer<Answer extends Response | undefined>(response: Answer): Answer | Response {
    this.#response = response;
    if (this.#onNode) return response;
    const { request, environment } = this.#start;
    const { kind, needs } = this.#operation;
    const { body } = response ?? {};
    // What a HEAD request would have been sent is never read.
    if (response === undefined || request.method === 'HEAD' || isUpgraded(request, response)) this.#end(true);
    else if (kind !== 'owned') {
      // Whoever owns the span ends it with the head.
      this.#end(true);
      if (needs.sends) return watchBody(response, { onChunk: this.#sent(response) });
    } else if (isLive(response) || ((needs.bodySizes || needs.sends) && body !== null))
      return this.#watch(response);
    else {
      const sent = (): void => this.#end(true);
      const completed = completionOf(environment);
      if (completed !== undefined) void completed.then(sent, sent);
      // A client that is gone by now is sent nothing. Deno's signal would tell that of responses that were sent, too.
      else if (request.signal?.aborted === true) this.#end(false, { aborted: true });
      else sent();
    }
    return response;
  }

  /** Takes what the handler has thrown instead; what is sent then is up to the server. */
  fail(error: unknown): void {
    this.#operation.recordError(error);
    if (!this.#onNode) this.#end(false);
  }

  #endOnClose(incoming: NodeRequestLike, outgoing: NodeResponseLike): void {
    const operation = this.#operation;
    const sizes = watchBodies(operation, incoming, outgoing);
    const { kind } = operation;
    const end = (_response: unknown, outcome?: ResponseOutcome): void =>
      operation.end(this.#finish(), outcome);
    endOnClose({ kind, end }, incoming, outgoing, undefined, undefined, sizes);
  }

  #watch(response: Response): Response {
    const onChunk = this.#operation.needs.sends ? this.#sent(response) : undefined;
    return watchBody(response, { onChunk, onEnd: (outcome) => this.#end(true, outcome) });
  }

  #watchRequest(): void {
    const received = receivedChunks(this.#messages as Messages);
    try {
      watchRequestBody(this.#start.request, (chunk) => received(chunk.byteLength, () => chunk));
    } catch (error) {
      diag.error('The body of a request could not be watched.', error);
    }
  }

  #sent(response: Response): BodyListener['onChunk'] {
    const sent = sentChunks(this.#messages as Messages, () => isEventStream(response));
    return (chunk) => sent(chunk.byteLength, () => chunk);
  }

  #end(answered: boolean, outcome?: ResponseOutcome): void {
    const answer = this.#finish();
    const { bodySizes } = this.#operation.needs;
    const sizes = bodySizes
      ? { requestBodySize: announcedSize(this.#start.request), responseBodySize: 0 }
      : undefined;
    this.#operation.end(answered ? answer : undefined, { ...sizes, ...outcome });
    this.#releaseIsolate?.();
  }

  #finish(): Res | undefined {
    try {
      return this.#start.finish(this.#response);
    } catch (error) {
      // This runs in a listener of Node's, where it would end the process.
      diag.error('The outcome of a request could not be read.', error);
      return undefined;
    }
  }
}

/** The size that a request announces; what a runtime has read of a body of unknown length is not to be seen. */
function announcedSize(request: Request): number | undefined {
  const length = request.headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}
