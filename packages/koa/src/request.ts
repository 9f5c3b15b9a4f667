import type { HttpRequestGetter } from '@otel-middleware/core';
import { forwardedRequest, nodeRequest } from '@otel-middleware/node-http';
import type { Context } from 'koa';

/** Reads a Koa request; `app.proxy`, `proxyIpHeader` and `maxIpsCount` decide what is believed of proxies. */
export const request: HttpRequestGetter<Context> = {
  ...nodeRequest<Context>(
    (ctx) => ctx.req,
    (ctx) => (ctx.app.proxy ? forwardedRequest(ctx.ip, ctx.protocol, ctx.host) : undefined),
  ),
  // koa-mount rewrites the URL of the Node request.
  target: (ctx) => ctx.originalUrl,
};
