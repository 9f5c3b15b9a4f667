/**
 * Names of the semantic conventions that HTTP telemetry uses, version 1.45.0.
 *
 * They are kept here, not imported, so that a middleware adds no dependency for a list of strings.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/
 */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

export const ATTR_CLIENT_ADDRESS = 'client.address';
export const ATTR_CLIENT_PORT = 'client.port';
export const ATTR_ERROR_TYPE = 'error.type';
export const ATTR_EXCEPTION_MESSAGE = 'exception.message';
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace';
export const ATTR_EXCEPTION_TYPE = 'exception.type';
export const ATTR_HTTP_REQUEST_BODY_SIZE = 'http.request.body.size';
export const ATTR_HTTP_REQUEST_HEADER = 'http.request.header.';
export const ATTR_HTTP_REQUEST_METHOD = 'http.request.method';
export const ATTR_HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const ATTR_HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count';
export const ATTR_HTTP_RESPONSE_BODY_SIZE = 'http.response.body.size';
export const ATTR_HTTP_RESPONSE_HEADER = 'http.response.header.';
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const ATTR_HTTP_ROUTE = 'http.route';
export const ATTR_NETWORK_LOCAL_ADDRESS = 'network.local.address';
export const ATTR_NETWORK_LOCAL_PORT = 'network.local.port';
export const ATTR_NETWORK_PEER_ADDRESS = 'network.peer.address';
export const ATTR_NETWORK_PEER_PORT = 'network.peer.port';
export const ATTR_NETWORK_PROTOCOL_NAME = 'network.protocol.name';
export const ATTR_NETWORK_PROTOCOL_VERSION = 'network.protocol.version';
export const ATTR_NETWORK_TRANSPORT = 'network.transport';
export const ATTR_SERVER_ADDRESS = 'server.address';
export const ATTR_SERVER_PORT = 'server.port';
export const ATTR_URL_FULL = 'url.full';
export const ATTR_URL_PATH = 'url.path';
export const ATTR_URL_QUERY = 'url.query';
export const ATTR_URL_SCHEME = 'url.scheme';
export const ATTR_URL_TEMPLATE = 'url.template';
export const ATTR_USER_AGENT_ORIGINAL = 'user_agent.original';
export const ATTR_USER_AGENT_SYNTHETIC_TYPE = 'user_agent.synthetic.type';

export const EVENT_EXCEPTION = 'exception';
export const EVENT_HTTP_CLIENT_REQUEST_EXCEPTION = 'http.client.request.exception';
export const EVENT_HTTP_SERVER_REQUEST_EXCEPTION = 'http.server.request.exception';

export const METRIC_HTTP_CLIENT_REQUEST_DURATION = 'http.client.request.duration';
export const METRIC_HTTP_SERVER_ACTIVE_REQUESTS = 'http.server.active_requests';
export const METRIC_HTTP_SERVER_REQUEST_BODY_SIZE = 'http.server.request.body.size';
export const METRIC_HTTP_SERVER_REQUEST_DURATION = 'http.server.request.duration';
export const METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE = 'http.server.response.body.size';

/** Value of `error.type` and of `http.request.method` for what the convention has no name for. */
export const VALUE_OTHER = '_OTHER';
