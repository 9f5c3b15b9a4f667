import type { HeaderCapture, HeaderNames } from '../http/headers.js';
import { compileHeaderCapture, compileSanitization } from '../http/headers.js';
import { ATTR_HTTP_REQUEST_HEADER, ATTR_HTTP_RESPONSE_HEADER } from '../otel/semconv.js';
import { compilePatterns, readPatterns } from './patterns.js';

const SANITIZE_FIELDS = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS';

/** The options on header capture, alike for servers and clients. */
export interface HeaderOptions {
  captureRequestHeaders?: HeaderNames | undefined;
  captureResponseHeaders?: HeaderNames | undefined;
  sanitizeHeaders?: HeaderNames | { readonly replaceDefaults: true; readonly names: HeaderNames } | undefined;
}

/** The captured headers of request and response. */
export interface HeaderCaptures {
  readonly requestHeaders: HeaderCapture | undefined;
  readonly responseHeaders: HeaderCapture | undefined;
}

/**
 * Merges the options on headers with `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_<SIDE>_REQUEST` and `_RESPONSE`, which an
 * option replaces, and with `…_SANITIZE_FIELDS`, which is always added.
 *
 * @throws TypeError when an option holds a pattern that is not valid.
 */
export function configureHeaders(
  owner: string,
  side: 'SERVER' | 'CLIENT',
  options: HeaderOptions,
): HeaderCaptures {
  const { sanitizeHeaders = [] } = options;
  const sanitized =
    'names' in sanitizeHeaders ? sanitizeHeaders : { replaceDefaults: false, names: sanitizeHeaders };
  const names = [...sanitized.names, ...(readPatterns(SANITIZE_FIELDS) ?? [])];
  const redacted = compilePatterns(owner, 'sanitizeHeaders', () =>
    compileSanitization(names, sanitized.replaceDefaults),
  );
  const capture = (
    option: 'captureRequestHeaders' | 'captureResponseHeaders',
    message: string,
    prefix: string,
  ) => {
    const variable = `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_${side}_${message}`;
    const captured = options[option] ?? readPatterns(variable) ?? [];
    return compilePatterns(owner, option, () => compileHeaderCapture(captured, prefix, redacted));
  };
  return {
    requestHeaders: capture('captureRequestHeaders', 'REQUEST', ATTR_HTTP_REQUEST_HEADER),
    responseHeaders: capture('captureResponseHeaders', 'RESPONSE', ATTR_HTTP_RESPONSE_HEADER),
  };
}
