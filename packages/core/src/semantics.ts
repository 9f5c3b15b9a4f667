export { later, wallClock } from './clock.js';
export { readVariable } from './environment.js';
export type { CaughtError, ExceptionEvent, ExceptionRecorder } from './exceptions.js';
export { errorMessage, errorType, exceptionRecorder } from './exceptions.js';
export type { ExcludedUrls, ExclusionTest } from './excluded-urls.js';
export { compileExcludedUrls, excludedByEnvironment } from './excluded-urls.js';
export type { HeaderCaptures, HeaderOptions } from './header-options.js';
export { configureHeaders } from './header-options.js';
export type { HeaderCapture, HeaderNames, HeaderReader } from './headers.js';
export { captureHeaders } from './headers.js';
export { failureReport, guardedHook, isThenable } from './hooks.js';
export { parseAuthority } from './host.js';
export { durationHistogram, isEnabled, meterSource } from './meter.js';
export { knownMethods, methodInName, normalizedMethod } from './method.js';
export type { Check } from './option-checks.js';
export { COMMON_CHECKS, hasMethod, isFunction, validateOptions } from './option-checks.js';
export { compilePatterns, readPatterns } from './patterns.js';
export { RPC_METADATA_KEY } from './request-context.js';
export type { QueryRedaction } from './request-target.js';
export { queryRedaction } from './request-target.js';
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
} from './semconv.js';
export { recordFailure } from './settled-span.js';
export { isTracingSuppressed, SUPPRESSED } from './suppression.js';
export { isIdle, tracerSource } from './tracer.js';
