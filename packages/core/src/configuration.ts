import type { MeterProvider, Span, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { diag } from '@opentelemetry/api';
import { readVariable } from './environment.js';
import type { ExclusionTest } from './excluded-urls.js';
import { compileExcludedUrls, splitPatterns } from './excluded-urls.js';
import type { HeaderCapture } from './headers.js';
import { compileHeaderCapture, compileSanitization } from './headers.js';
import { guardedHook } from './hooks.js';
import type { HttpServerOptions } from './options.js';
import { validateOptions } from './options.js';
import { ATTR_HTTP_REQUEST_HEADER, ATTR_HTTP_RESPONSE_HEADER } from './semconv.js';

const CAPTURE_REQUEST = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST';
const CAPTURE_RESPONSE = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE';
const SANITIZE_FIELDS = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS';

/** The options and the environment, merged, validated and compiled into what the request path needs. */
export interface ServerConfiguration<Req, Res> {
  readonly excluded: ExclusionTest<Req> | undefined;
  readonly requestHeaders: HeaderCapture | undefined;
  readonly responseHeaders: HeaderCapture | undefined;
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
 * @param adapterOptions - names of options that the adapter has taken out already, for the message about unknown ones.
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure. Bad environment variables are
 * reported through `diag` and ignored instead.
 */
export function configure<Req, Res>(
  owner: string,
  framework: string,
  options: HttpServerOptions<Req, Res>,
  adapterOptions: readonly string[],
): ServerConfiguration<Req, Res> {
  validateOptions(owner, options, adapterOptions);
  const compiled = <T>(option: keyof HttpServerOptions<Req, Res>, compile: () => T): T => {
    try {
      return compile();
    } catch (error) {
      const reason = (error as Error).message;
      throw new TypeError(
        `${owner}: option "${option}" is no list of patterns. ${reason}. Escape special characters with a backslash.`,
        {
          cause: error,
        },
      );
    }
  };
  const { sanitizeHeaders = [] } = options;
  const sanitized =
    'names' in sanitizeHeaders ? sanitizeHeaders : { replaceDefaults: false, names: sanitizeHeaders };
  const redacted = compiled('sanitizeHeaders', () =>
    compileSanitization(
      [...sanitized.names, ...(readPatterns(SANITIZE_FIELDS) ?? [])],
      sanitized.replaceDefaults,
    ),
  );
  const capture = (
    option: 'captureRequestHeaders' | 'captureResponseHeaders',
    variable: string,
    prefix: string,
  ) =>
    compiled(option, () =>
      compileHeaderCapture(options[option] ?? readPatterns(variable) ?? [], prefix, redacted),
    );
  const { publicEndpoint, requestHook, responseHook } = options;
  return {
    excluded: compiled('excludedUrls', () =>
      compileExcludedUrls(options.excludedUrls ?? excludedByEnvironment(framework)),
    ),
    requestHeaders: capture('captureRequestHeaders', CAPTURE_REQUEST, ATTR_HTTP_REQUEST_HEADER),
    responseHeaders: capture('captureResponseHeaders', CAPTURE_RESPONSE, ATTR_HTTP_RESPONSE_HEADER),
    requestHook: requestHook && guardedHook<[Span, Req], unknown>('requestHook', requestHook, undefined),
    responseHook:
      responseHook && guardedHook<[Span, Req, Res], unknown>('responseHook', responseHook, undefined),
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
  return publicEndpoint === true ? () => true : guardedHook('publicEndpoint', publicEndpoint, true);
}

function excludedByEnvironment(framework: string): string[] {
  const specific = `OTEL_NODE_${framework.toUpperCase().replaceAll('-', '_')}_EXCLUDED_URLS`;
  // An empty specific variable is set, and so switches the generic one off.
  return readPatterns(readVariable(specific) === undefined ? 'OTEL_NODE_EXCLUDED_URLS' : specific) ?? [];
}

/** Reads a list of patterns; invalid ones are reported and left out, the others stay in force. */
function readPatterns(variable: string): string[] | undefined {
  const value = readVariable(variable);
  if (value === undefined) return undefined;
  return splitPatterns(value).filter((pattern) => {
    try {
      return new RegExp(pattern) !== undefined;
    } catch (error) {
      warnOnce(`${variable} holds a pattern that is ignored: ${(error as Error).message}`);
      return false;
    }
  });
}

const warned = new Set<string>();

/** The environment is one for all instrumentations of a process, and so is a warning about it. */
function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  diag.warn(message);
}
