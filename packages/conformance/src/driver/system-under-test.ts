import type { Agent } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo, ListenOptions, Socket } from 'node:net';
import { expect } from '@jest/globals';
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { HistogramMetricData, MetricData } from '@opentelemetry/sdk-metrics';
import type { HttpServerOptions } from '@otel-middleware/core';
import type { Exchange, RequestInit } from '../expect/exchange.js';
import type { Expectation, PlainSpan } from '../expect/expected-span.js';
import {
  expectedMetricAttributes,
  expectedSpan,
  plainSpan,
  startAttributes,
} from '../expect/expected-span.js';
import { Application } from '../fixture/application.js';
import type { EndpointName } from '../fixture/endpoints.js';
import { endpoints } from '../fixture/endpoints.js';
import type { Adapter } from './adapter.js';
import type { Protocol, Registration, Served } from './deployment.js';
import { HttpCall } from './http-client.js';
import type { RawRequest } from './raw-client.js';
import { openSocket, sendRaw } from './raw-client.js';
import { createPropagator } from './sdk.js';
import { Telemetry } from './telemetry.js';
import { until } from './until.js';

/** The fixture application as a test wants it; everything has a default. */
export interface Setting {
  readonly options?: HttpServerOptions<unknown, unknown>;
  /** False leaves the middleware out. */
  readonly instrumented?: boolean;
  /** False leaves providers and propagator out of the options. */
  readonly providers?: boolean;
  readonly telemetry?: Telemetry;
  readonly registration?: Registration;
  readonly trustLoopback?: boolean;
  readonly protocol?: Protocol;
  readonly listenOptions?: ListenOptions;
  /** The context in which the server begins to listen, which its connections inherit. */
  readonly ambient?: Context;
}

/** The durations of requests with equal attributes. */
export interface DurationPoint {
  readonly attributes: Attributes;
  readonly count: number;
}

/** A fixture application that listens, what a client can do to it, and what it recorded. */
export class SystemUnderTest {
  readonly telemetry: Telemetry;
  readonly application: Application;
  readonly adapter: Adapter;
  readonly served: Served;
  readonly #calls: HttpCall[] = [];
  readonly #sockets: Socket[] = [];
  readonly #connections: Set<Socket> = new Set();
  #looked: number | undefined;

  private constructor(adapter: Adapter, telemetry: Telemetry, application: Application, served: Served) {
    this.adapter = adapter;
    this.telemetry = telemetry;
    this.application = application;
    this.served = served;
    served.server.on('connection', (connection: Socket) => this.#connections.add(connection));
  }

  /** Builds the application with the adapter's own means and waits until it listens. */
  static async start(adapter: Adapter, setting: Setting = {}): Promise<SystemUnderTest> {
    const {
      telemetry = new Telemetry(),
      ambient = ROOT_CONTEXT,
      providers = true,
      instrumented = true,
    } = setting;
    const propagator = setting.options?.propagator ?? createPropagator();
    const { tracerProvider, meterProvider } = telemetry;
    const application = new Application(tracerProvider, propagator, adapter.outbound.instrumentFetch);
    const defaults = providers ? { tracerProvider, meterProvider, propagator } : {};
    const served = await context.with(ambient, () =>
      adapter.serve({
        application,
        options: instrumented ? { ...defaults, ...setting.options } : undefined,
        registration: setting.registration ?? 'once',
        trustLoopback: setting.trustLoopback ?? false,
        protocol: setting.protocol ?? 'http/1.1',
        listenOptions: setting.listenOptions ?? { host: '127.0.0.1', port: 0 },
      }),
    );
    return new SystemUnderTest(adapter, telemetry, application, served);
  }

  /** The address and port that the server listens on, or the path of its unix socket. */
  get address(): AddressInfo | string {
    return this.served.server.address() as AddressInfo | string;
  }

  get port(): number {
    return (this.address as AddressInfo).port;
  }

  /** Begins a request. */
  call(target: string, init: RequestInit = {}, agent?: Agent): HttpCall {
    const call = new HttpCall(this.address, target, init, {
      agent,
      secure: this.served.server instanceof HttpsServer,
    });
    this.#calls.push(call);
    return call;
  }

  /** Makes a request and waits for the whole response. */
  request(target: string, init?: RequestInit, agent?: Agent): Promise<Exchange> {
    return this.call(target, init, agent).done;
  }

  /** Asks an endpoint as its table says, and checks that it answers with the status that it has to. */
  async ask(endpoint: EndpointName, init: RequestInit = {}, agent?: Agent): Promise<Exchange> {
    const { method, target, status } = endpoints[endpoint];
    const exchange = await this.request(
      target,
      { endpoint, method: method === 'ALL' ? 'GET' : method, ...init },
      agent,
    );
    expect({ endpoint, status: exchange.status ?? 0 }).toEqual({
      endpoint,
      status: this.adapter.statuses?.[endpoint] ?? status,
    });
    return exchange;
  }

  /** Asks an endpoint that never answers, and goes away when its handler has begun. */
  async abandon(endpoint: EndpointName): Promise<Exchange> {
    const before = this.#entered(endpoint);
    const call = this.call(endpoints[endpoint].target, { endpoint });
    await until(
      () => this.#entered(endpoint) > before,
      () => `the handler of ${endpoint}`,
    );
    call.destroy();
    return call.done;
  }

  /** Asks an endpoint that streams, and goes away after the first chunk. */
  async abandonBody(endpoint: EndpointName): Promise<Exchange> {
    const call = this.call(endpoints[endpoint].target, { endpoint });
    const response = await call.head;
    await new Promise((resolve) => response?.once('data', resolve));
    call.destroy();
    return call.done;
  }

  /** Sends requests byte for byte, in one write; see {@link sendRaw}. */
  raw(...requests: readonly RawRequest[]): Promise<readonly Exchange[]> {
    return sendRaw(this.address as AddressInfo, requests);
  }

  /** Opens a connection for bytes; it is closed with the application. */
  async socket(): Promise<Socket> {
    const socket = await openSocket(this.address as AddressInfo);
    this.#sockets.push(socket);
    return socket;
  }

  /** Waits until `count` spans have ended, and returns all that have, in the order of their ends. */
  async spans(count: number): Promise<readonly PlainSpan[]> {
    const { ended } = this.telemetry;
    this.#looked = count;
    await until(
      () => ended.length >= count,
      () => `${count} spans, of which ended: ${ended.map(({ name }) => name).join(', ') || 'none'}`,
    );
    return ended.map(plainSpan);
  }

  /** Waits until the durations of `count` requests are recorded, and returns all data points. */
  async durations(count: number): Promise<readonly DurationPoint[]> {
    let points: readonly DurationPoint[] = [];
    const recorded = (): number => points.reduce((sum, point) => sum + point.count, 0);
    await until(
      async () => {
        points = durationPoints(await this.telemetry.metrics());
        return recorded() >= count;
      },
      () => `${count} durations, of which came ${recorded()}`,
    );
    expect(recorded()).toBe(count);
    return points;
  }

  /** The ids of a span that has ended, by its place in what {@link spans} returns. */
  spanContext(index: number): SpanContext {
    const span = this.telemetry.ended[index];
    if (span === undefined) throw new Error(`Span ${index} has not ended.`);
    return span.spanContext();
  }

  /** The server span that a request must have made. */
  expected(exchange: Exchange, expectation: Expectation = {}): PlainSpan {
    const span = expectedSpan(exchange, { route: this.route(exchange.endpoint), ...expectation });
    return { ...span, attributes: this.#knowable(span.attributes) };
  }

  /** The attributes that samplers must have seen of a request. */
  expectedAtStart(exchange: Exchange): Attributes {
    const route = this.adapter.routeAtStart ? this.route(exchange.endpoint) : undefined;
    const attributes = startAttributes(exchange);
    return this.#knowable(route === undefined ? attributes : { ...attributes, 'http.route': route });
  }

  /** The attributes that the metrics of a request must have. */
  expectedMetric(exchange: Exchange, expectation: Expectation = {}): Attributes {
    return this.#knowable(
      expectedMetricAttributes(exchange, { route: this.route(exchange.endpoint), ...expectation }),
    );
  }

  /** The template of an endpoint in the framework's own syntax. */
  route(endpoint: EndpointName | undefined): string | undefined {
    if (endpoint === undefined) return undefined;
    const { templates = {} } = this.adapter;
    return endpoint in templates ? templates[endpoint] : endpoints[endpoint].route;
  }

  /** Closes the server as a service does: no new requests, and those in flight are finished. */
  close(): Promise<void> {
    const { server } = this.served;
    return new Promise((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
  }

  /** Ends what the test left, and checks that no span stays open and none came that the test did not see. */
  async finish(): Promise<void> {
    for (const call of this.#calls) call.destroy();
    for (const socket of this.#sockets) socket.destroy();
    const { open, ended } = this.telemetry;
    try {
      await until(
        () => open.size === 0,
        () => `the end of ${[...open].map(({ name }) => name).join(', ')}`,
      );
    } finally {
      const closed = this.close();
      for (const connection of this.#connections) connection.destroy();
      await closed;
    }
    if (this.#looked !== undefined) expect(ended.map(({ name }) => name)).toHaveLength(this.#looked);
  }

  #entered(endpoint: EndpointName): number {
    return this.application.entered.filter((name) => name === endpoint).length;
  }

  #knowable(attributes: Attributes): Attributes {
    const { cannotKnow = [] } = this.adapter;
    return Object.fromEntries(Object.entries(attributes).filter(([name]) => !cannotKnow.includes(name)));
  }
}

function durationPoints(metrics: readonly MetricData[]): readonly DurationPoint[] {
  return metrics
    .filter(({ descriptor }) => descriptor.name === 'http.server.request.duration')
    .flatMap(({ dataPoints }) => dataPoints as HistogramMetricData['dataPoints'])
    .map(({ attributes, value }) => ({ attributes, count: value.count }));
}
