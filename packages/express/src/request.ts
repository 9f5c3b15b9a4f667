import type { HttpRequestGetter } from '@otel-middleware/core';
import type { NodeRequest, Trust } from '@otel-middleware/node-http';
import { forwardedBy, nodeRequest } from '@otel-middleware/node-http';
import type { Request } from 'express';

type Read = Pick<NodeRequest, 'headers' | 'httpVersion' | 'method' | 'socket'>;

/**
 * The properties of a request, each read once. Express changes the prototype of every request, after which reading a property
 * takes V8 half a microsecond before Node 24.
 */
export class RequestSource implements Read {
  readonly request: Request;
  readonly app: Request['app'];
  readonly headers: Request['headers'];
  readonly httpVersion: string;
  readonly method: string;
  readonly originalUrl: string;
  readonly socket: Request['socket'];

  constructor(request: Request) {
    this.request = request;
    this.app = request.app;
    this.headers = request.headers;
    this.httpVersion = request.httpVersion;
    this.method = request.method;
    this.originalUrl = request.originalUrl;
    this.socket = request.socket;
  }

  get rawHeaders(): string[] {
    return this.request.rawHeaders;
  }
}

/** Reads an Express request; `trust proxy` decides what is believed of proxies. */
export const requestGetter: HttpRequestGetter<RequestSource> = {
  ...nodeRequest<RequestSource>((source) => source as unknown as NodeRequest, forwardedBy(trustedProxies)),
  identity: ({ request }) => request,
};

/** The settings themselves, of which a mounted application inherits its parent's: `app.get` walks them in search of a name. */
function trustedProxies({ app }: RequestSource): Trust | undefined {
  const { settings } = app as { settings: Record<string, unknown> };
  return settings['trust proxy'] ? (settings['trust proxy fn'] as Trust) : undefined;
}
