import { randomBytes } from 'node:crypto';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@otel-middleware/core';
import { spansOf, startReceiver } from '@otel-middleware/example-verification';
import type { RunningProgram, RuntimeName } from './runtime.js';
import { start } from './runtime.js';

/** A span as it arrives over OTLP, with its attributes as an object. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 is INTERNAL, 2 is SERVER. */
  readonly kind: number;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number; readonly message?: string };
  readonly events?: readonly { readonly name: string }[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

/** One request to the program, as its client saw it. */
export interface Asked {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly complete: boolean;
  readonly clientPort: number;
  readonly trace: { readonly traceId: string; readonly spanId: string };
}

/** The differences of a request from a GET. */
type AskOptions = RequestOptions & { readonly body?: string };

/** A request under way. */
export interface Begun {
  readonly request: ClientRequest;
  /** The response when its head has arrived; `undefined` when the connection broke before. */
  readonly response: Promise<IncomingMessage | undefined>;
  readonly trace: Asked['trace'];
  /** The client's port, when it is connected. */
  clientPort(): number;
}

interface Payload {
  readonly resourceSpans?: readonly {
    readonly resource: object;
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly object[];
    }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly histogram?: { readonly dataPoints: readonly { readonly attributes: readonly object[] }[] };
      }[];
    }[];
  }[];
}

/** The fixture program on one runtime, the telemetry that arrives from it, and a client on plain sockets. */
export class ObservedProgram {
  readonly #program: RunningProgram;
  readonly #receiver: Awaited<ReturnType<typeof startReceiver>>;

  private constructor(program: RunningProgram, receiver: Awaited<ReturnType<typeof startReceiver>>) {
    this.#program = program;
    this.#receiver = receiver;
  }

  /** @param env - the environment, from the address of the receiver. */
  static async start(
    runtime: RuntimeName,
    env: (receiver: string) => Record<string, string> = (receiver) => ({ OTLP_URL: receiver }),
  ): Promise<ObservedProgram> {
    const receiver = await startReceiver();
    return new ObservedProgram(await start[runtime](env(receiver.url)), receiver);
  }

  get url(): URL {
    return new URL(this.#program.url);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    await this.#receiver.close();
  }

  /** Sends a request in a trace of its own and reads the response to its end; the target is sent byte for byte. */
  async ask(target: string, options: AskOptions = {}): Promise<Asked> {
    const { response, ...call } = this.begin(target, options);
    const head = await response;
    let body = '';
    if (head !== undefined) {
      head.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      await new Promise((resolve) => head.on('close', resolve).on('error', resolve));
    }
    const { statusCode: status, headers = {}, complete = false } = head ?? {};
    return { status, headers, body, complete, clientPort: call.clientPort(), trace: call.trace };
  }

  /** Begins a request in a trace of its own. */
  begin(target: string, { headers, body, ...options }: AskOptions = {}): Begun {
    const trace = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
    const { hostname, port } = this.url;
    const sent = {
      traceparent: `00-${trace.traceId}-${trace.spanId}-01`,
      'user-agent': 'matrix/1.0',
      ...headers,
    };
    const request: ClientRequest = httpRequest({
      hostname,
      port,
      path: target,
      agent: false,
      headers: sent,
      ...options,
    });
    let clientPort = 0;
    request.on('socket', (socket) => socket.once('connect', () => (clientPort = socket.localPort as number)));
    const response = new Promise<IncomingMessage | undefined>((resolve) => {
      request.on('response', resolve).on('error', () => resolve(undefined));
    });
    request.end(body);
    return { request, response, trace, clientPort: () => clientPort };
  }

  /** Waits until `count` spans of a trace have arrived, and a little longer for one too many. */
  async spans({ traceId }: { readonly traceId: string }, count: number): Promise<readonly ReceivedSpan[]> {
    await until(
      () => this.#spansOf(traceId).length >= count,
      () => `${count} spans of ${traceId}`,
    );
    await sleep(50);
    return this.#spansOf(traceId);
  }

  /** The messages of a trace that have arrived as spans, those received first; all are children of its server span. */
  async messages(trace: Asked['trace']): Promise<readonly Message[]> {
    const spans = await this.spans(trace, 1);
    const server = spans.find(({ kind }) => kind === 2);
    return spans
      .filter(({ parentSpanId }) => parentSpanId === server?.spanId)
      .map(({ attributes }) => {
        const of = (name: string): unknown => attributes[`otel_middleware.message.${name}`];
        return {
          direction: of('direction'),
          type: of('type'),
          index: Number(of('index')),
          size: Number(of('size')),
        } as Message;
      })
      .sort((a, b) => a.direction.localeCompare(b.direction) || a.index - b.index);
  }

  /** Waits for the attributes of the points of `http.server.request.duration` that are of a route. */
  async durations(route: string): Promise<readonly Record<string, unknown>[]> {
    await until(
      () => this.#durationsOf(route).length > 0,
      () => `durations of ${route}`,
    );
    return this.#durationsOf(route);
  }

  #spansOf(traceId: string): readonly ReceivedSpan[] {
    // Exports overtake one another, so the server span comes last, as it ends.
    return (spansOf(this.#receiver.payloads) as ReceivedSpan[])
      .filter((span) => span.traceId === traceId)
      .sort((a, b) => Number(a.kind === 2) - Number(b.kind === 2));
  }

  #durationsOf(route: string): readonly Record<string, unknown>[] {
    const last = (this.#receiver.payloads as Payload[]).findLast(
      ({ resourceMetrics }) => resourceMetrics !== undefined,
    );
    return (last?.resourceMetrics ?? [])
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .filter(({ name }) => name === 'http.server.request.duration')
      .flatMap(({ histogram }) => histogram?.dataPoints ?? [])
      .map(({ attributes }) => attributesOf(attributes as readonly KeyValue[]))
      .filter((attributes) => attributes['http.route'] === route);
  }
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
}

function attributesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}

/** The duration of a span, in seconds. */
export function seconds({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan): number {
  return Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e9;
}

async function until(condition: () => boolean, wanted: () => string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited five seconds for ${wanted()}.`);
    await sleep(5);
  }
}
