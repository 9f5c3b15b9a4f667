export type { HeaderCapture, HeaderNames, HeaderReader } from './http/headers.js';
export { captureHeaders } from './http/headers.js';
export { parseAuthority } from './http/host.js';
export { knownMethods, methodInName, normalizedMethod } from './http/method.js';
export type { QueryRedaction } from './http/request-target.js';
export { queryRedaction } from './http/request-target.js';
export type { ExcludedUrls, ExclusionTest } from './options/excluded-urls.js';
export { compileExcludedUrls, excludedByEnvironment } from './options/excluded-urls.js';
export type { HeaderCaptures, HeaderOptions } from './options/header-options.js';
export { configureHeaders } from './options/header-options.js';
export type { Check } from './options/option-checks.js';
export { COMMON_CHECKS, hasMethod, isFunction, validateOptions } from './options/option-checks.js';
export { compilePatterns, readPatterns } from './options/patterns.js';
export { addMillis, wallClock } from './otel/clock.js';
export { readVariable } from './otel/environment.js';
export type { CaughtError, ExceptionEvent, ExceptionRecorder } from './otel/exceptions.js';
export { errorMessage, errorType, exceptionRecorder } from './otel/exceptions.js';
export { failureReport, guardedHook, isThenable } from './otel/hooks.js';
export { durationHistogram, isEnabled, meterSource } from './otel/meter.js';
export { RPC_METADATA_KEY } from './otel/rpc-metadata.js';
export {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_TEMPLATE,
  EVENT_HTTP_CLIENT_REQUEST_EXCEPTION,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
} from './otel/semconv.js';
export { settle } from './otel/settle.js';
export { isTracingSuppressed, SUPPRESSED } from './otel/suppression.js';
export { recordFailure } from './otel/task-span.js';
export { isIdle, tracerSource } from './otel/tracer.js';
