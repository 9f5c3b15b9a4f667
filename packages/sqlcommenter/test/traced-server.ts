import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context } from '@opentelemetry/api';
import { createContextManager, createPropagator, Telemetry } from '@otel-middleware/conformance';
import { setHttpRoute } from '@otel-middleware/core';
import { instrumentListener } from '@otel-middleware/node-http';
import type { QueryTags } from '../src/index.js';

/** The settings of a request; everything has a default. */
export interface RequestOptions {
  readonly headers?: Record<string, string>;
  /** Default: `/orders/:id`. */
  readonly route?: string;
}

/** The trace context that requests arrive with unless they say otherwise. */
export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const SAMPLED: Record<string, string> = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
export const UNSAMPLED: Record<string, string> = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-00` };

/** A server whose requests do what a test wants done inside of them. */
export class TracedServer {
  readonly telemetry: Telemetry = new Telemetry();
  readonly #work: (() => Promise<void>)[] = [];
  readonly #server: Server;

  private constructor() {
    const { tracerProvider, meterProvider } = this.telemetry;
    const listener = instrumentListener(
      (request, response) => {
        if (request.headers['x-route']) setHttpRoute(String(request.headers['x-route']));
        void this.#work[Number(request.url?.slice(1))]?.().then(() => response.end());
      },
      { tracerProvider, meterProvider, propagator: createPropagator() },
    );
    this.#server = createServer(listener).listen(0, '127.0.0.1');
  }

  static async start(): Promise<TracedServer> {
    context.setGlobalContextManager(createContextManager());
    const server = new TracedServer();
    await once(server.#server, 'listening');
    return server;
  }

  /** Does something inside a request; returns, or throws, what comes of it. */
  async request<T>(work: () => T | Promise<T>, options: RequestOptions = {}): Promise<T> {
    const { headers = SAMPLED, route = '/orders/:id' } = options;
    let outcome: Promise<T> | undefined;
    const done = async (): Promise<void> => {
      outcome = Promise.resolve().then(work);
      await outcome.catch(() => {});
    };
    const { port } = this.#server.address() as AddressInfo;
    const target = `http://127.0.0.1:${port}/${this.#work.push(done) - 1}`;
    await (await fetch(target, { headers: { ...headers, 'x-route': route } })).text();
    return outcome as Promise<T>;
  }

  /** The `traceparent` that names the server span of the last request. */
  lastTraceparent(): string {
    const span = this.telemetry.ended.at(-1)?.spanContext();
    return `00-${span?.traceId}-${span?.spanId}-01`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
    context.disable();
  }
}

/** The tags of the comment at the end of a statement, decoded; none when there is no comment. */
export function tagsOf(sql: string): QueryTags {
  const [, pairs] = /\/\*([^*]*)\*\/;?$/.exec(sql) ?? [];
  if (pairs === undefined) return {};
  return Object.fromEntries(
    pairs.split(',').map((pair) => {
      const [key = '', value = ''] = pair.split('=');
      return [key, decodeURIComponent(value.slice(1, -1))];
    }),
  );
}
