import type { HttpRequestGetter } from '@otel-middleware/core';
import { forwardedRequest, nodeRequest } from '@otel-middleware/node-http';
import type { FastifyRequest } from 'fastify';

/** Reads a Fastify request, which the router has matched; `trustProxy` decides what is believed of proxies. */
export const request: HttpRequestGetter<FastifyRequest> = {
  ...nodeRequest<FastifyRequest>(
    ({ raw }) => raw,
    (request) =>
      trustsProxies(request)
        ? forwardedRequest(request.ip, request.protocol, authorityOf(request))
        : undefined,
  ),
  route: ({ routeOptions }) => routeOptions.url,
  isExcluded: ({ routeOptions }) => routeOptions.config.opentelemetry === false,
};

/** Only with `trustProxy` do requests know the addresses on their way; asking for them would parse the header. */
function trustsProxies(request: FastifyRequest): boolean {
  return 'ips' in request;
}

/** Fastify 4 has no `host`; its `hostname` has the port. That of Fastify 5 throws without a Host header. */
function authorityOf(request: FastifyRequest): string | undefined {
  return 'host' in request ? request.host : (request as { hostname: string }).hostname;
}
