import type { HttpRequestGetter, HttpResponseGetter } from '../src/http/getter.js';
import type { HttpServerInstrumentation } from '../src/server/instrumentation.js';
import { createHttpServerInstrumentation } from '../src/server/instrumentation.js';
import type { HttpServerOptions } from '../src/server/options.js';

/** The smallest request that a getter can read. Header names are in lower case. */
export interface PlainRequest {
  method?: string;
  target?: string;
  scheme?: string;
  authority?: string | undefined;
  headers?: Record<string, readonly string[]>;
  clientAddress?: string;
  peerAddress?: string;
  peerPort?: number;
  protocolVersion?: string;
  route?: string;
  currentRoute?: string;
}

/** The smallest response that a getter can read. */
export interface PlainResponse {
  status: number | undefined;
  headers: Map<string, readonly string[]>;
}

export const plainRequest: HttpRequestGetter<PlainRequest> = {
  keys: ({ headers = {} }) => Object.keys(headers),
  get: ({ headers = {} }, name) => headers[name]?.join(', '),
  headerValues: ({ headers = {} }, name) => headers[name]?.slice(),
  method: ({ method = 'GET' }) => method,
  target: ({ target = '/' }) => target,
  scheme: ({ scheme = 'http' }) => scheme,
  authority: ({ authority }) => authority,
  identity: (request) => request,
  clientAddress: ({ clientAddress }) => clientAddress,
  clientPort: () => 40_001,
  peerAddress: ({ peerAddress }) => peerAddress,
  peerPort: ({ peerPort }) => peerPort,
  localAddress: () => '192.0.2.10',
  localPort: () => 8080,
  transport: () => 'tcp',
  protocolVersion: ({ protocolVersion }) => protocolVersion,
  route: ({ route }) => route,
};

export const plainResponse: HttpResponseGetter<PlainResponse> = {
  statusCode: ({ status }) => status,
  keys: ({ headers }) => [...headers.keys()],
  headerValues: ({ headers }, name) => headers.get(name)?.slice(),
  setHeader: ({ headers }, name, value) => {
    headers.set(name.toLowerCase(), [value]);
  },
};

export type PlainOptions = HttpServerOptions<PlainRequest, PlainResponse>;

export const SCOPE: { readonly name: string; readonly version: string } = {
  name: 'plain-http',
  version: '1.2.3',
};

export function instrument(
  options: PlainOptions = {},
  {
    resumesEndedOperations = false,
    framework = 'plain-http',
  }: { resumesEndedOperations?: boolean; framework?: string } = {},
): HttpServerInstrumentation<PlainRequest, PlainResponse> {
  return createHttpServerInstrumentation({
    scope: SCOPE,
    framework,
    request: plainRequest,
    response: plainResponse,
    currentRoute: ({ currentRoute }) => currentRoute,
    options,
    resumesEndedOperations,
  });
}

/** A response; `undefined` as its status is one of which nothing was sent. */
export function response(
  status: number | undefined,
  headers: Record<string, readonly string[]> = {},
): PlainResponse {
  return { status, headers: new Map(Object.entries(headers)) };
}
