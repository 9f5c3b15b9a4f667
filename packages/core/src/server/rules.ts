import type { MeterProvider, Span, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { Message, MessageRules } from '../messages/messages.js';
import type { ExclusionTest } from '../options/excluded-urls.js';
import { compileExcludedUrls, excludedByEnvironment } from '../options/excluded-urls.js';
import type { HeaderCaptures } from '../options/header-options.js';
import { configureHeaders } from '../options/header-options.js';
import { compilePatterns } from '../options/patterns.js';
import { guardedHook, synchronous } from '../otel/hooks.js';
import type { HttpServerOptions } from './options.js';
import { validateServerOptions } from './options.js';

/** The options and the environment, merged, validated and compiled into what the request path needs. */
export interface ServerConfiguration<Req, Res>
  extends HeaderCaptures,
    Omit<MessageRules<Req>, 'reportFailure'> {
  readonly excluded: ExclusionTest<Req> | undefined;
  readonly requestHook: ((span: Span, request: Req) => unknown) | undefined;
  readonly responseHook: ((span: Span, request: Req, response: Res) => unknown) | undefined;
  readonly publicEndpoint: ((request: Req) => boolean) | undefined;
  readonly responsePropagator: TextMapPropagator | undefined;
  readonly optIn: ReadonlySet<string>;
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly propagator: TextMapPropagator | undefined;
}

/**
 * Merges and validates options and environment.
 *
 * @param owner - the package that error messages name.
 * @param framework - the framework's part of the environment variable's name: `express`, `node-http`.
 * @param adapterOptions - names of options that the adapter checks and reads itself.
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure. Bad environment variables are
 * reported through `diag` and ignored instead.
 */
export function configure<Req, Res>(
  owner: string,
  framework: string,
  options: HttpServerOptions<Req, Res>,
  adapterOptions: readonly string[],
): ServerConfiguration<Req, Res> {
  validateServerOptions(owner, options, adapterOptions);
  const { publicEndpoint, receiveHook, requestHook, responseHook, sendHook } = options;
  return {
    excluded: compilePatterns(owner, 'excludedUrls', () =>
      compileExcludedUrls(options.excludedUrls ?? excludedByEnvironment(framework)),
    ),
    ...configureHeaders(owner, 'SERVER', options),
    requestHook: requestHook && guardedHook<[Span, Req], unknown>('requestHook', requestHook, undefined),
    responseHook:
      responseHook && guardedHook<[Span, Req, Res], unknown>('responseHook', responseHook, undefined),
    receiveHook:
      receiveHook && guardedHook<[Span, Message, Req], unknown>('receiveHook', receiveHook, undefined),
    sendHook: sendHook && guardedHook<[Span, Message, Req], unknown>('sendHook', sendHook, undefined),
    messageSpans: options.messageSpans === true,
    publicEndpoint: publicEndpoint ? isPublic(publicEndpoint) : undefined,
    responsePropagator: options.responsePropagator,
    optIn: new Set(options.optIn),
    tracerProvider: options.tracerProvider,
    meterProvider: options.meterProvider,
    propagator: options.propagator,
  };
}

/** A predicate that fails takes the caller for a stranger. */
function isPublic<Req>(publicEndpoint: true | ((request: Req) => boolean)): (request: Req) => boolean {
  return publicEndpoint === true
    ? () => true
    : guardedHook('publicEndpoint', synchronous(publicEndpoint), true);
}
