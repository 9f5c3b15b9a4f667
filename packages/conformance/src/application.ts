import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TextMapPropagator, Tracer, TracerProvider } from '@opentelemetry/api';
import type { ServerRequest } from '@otel-middleware/core';
import { serverRequest } from '@otel-middleware/core';
import type { ActiveSpan } from './active-span.js';
import { activeSpan } from './active-span.js';
import type { Answer, ApplicationRequest, HandlerContext } from './answer.js';
import { answers } from './answers.js';
import type { EndpointName, PlainEndpointName } from './endpoints.js';
import { HandledError } from './failures.js';
import { rawAnswers } from './raw-answers.js';

/**
 * What the fixture application does behind its routes, the same in every framework.
 *
 * Adapters register routes and middleware; all that runs in them is here, so that frameworks differ in
 * routing alone.
 */
export class Application implements HandlerContext {
  readonly tracer: Tracer;
  readonly tracerProvider: TracerProvider;
  readonly propagator: TextMapPropagator;
  /** The endpoints whose handler has begun, in order. */
  readonly entered: EndpointName[] = [];
  /** What the handlers of {@link entered} were told of the request that they serve. */
  readonly served: (ServerRequest | undefined)[] = [];
  /** What middleware found active. */
  readonly passed: (ActiveSpan | null)[] = [];
  readonly heard: Record<string, ActiveSpan | null> = {};
  /** What the framework's error handling was given, and what was active then. */
  readonly errors: { readonly error: unknown; readonly active: ActiveSpan | null }[] = [];
  produced = 0;
  readonly #elsewhere = new AsyncResource('application');

  constructor(tracerProvider: TracerProvider, propagator: TextMapPropagator) {
    this.tracer = tracerProvider.getTracer('application', '1.0.0');
    this.tracerProvider = tracerProvider;
    this.propagator = propagator;
  }

  /** Answers an endpoint; throws or rejects where the endpoint is to. */
  answer(name: EndpointName, request: ApplicationRequest): Answer | Promise<Answer> {
    this.entered.push(name);
    this.served.push(serverRequest());
    return answers[name]?.(request, this) ?? { status: 200, body: name };
  }

  /** Answers an endpoint that is `raw`, with Node's own request and response. */
  answerRaw(name: PlainEndpointName, request: IncomingMessage, response: ServerResponse): unknown {
    this.entered.push(name);
    return rawAnswers[name]?.(request, response, this);
  }

  /**
   * To be called by the framework's error handling with every error that reaches it; `undefined` asks for
   * what the framework does by default.
   */
  answerError(error: unknown): Answer | undefined {
    const active = activeSpan();
    this.errors.push({ error, active });
    return error instanceof HandledError
      ? { status: error.answeredWith, body: JSON.stringify(active) }
      : undefined;
  }

  /** To be called by a middleware behind ours, with every request. */
  pass(): void {
    this.passed.push(activeSpan());
  }

  /**
   * Calls `next` from an async context in which nothing of the request is active, as a queue with a worker
   * does.
   */
  detached(next: () => void): void {
    setImmediate(() => this.#elsewhere.runInAsyncScope(next));
  }
}
