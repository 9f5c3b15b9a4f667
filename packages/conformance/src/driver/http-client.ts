import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange, RequestInit, SentRequest } from '../expect/exchange.js';
import { USER_AGENT } from '../expect/exchange.js';
import { clientTls } from './pre-shared-key.js';

/** The connection that a client makes. */
export interface HttpConnection {
  /** Shares connections between calls; by default each has its own, which it closes. */
  readonly agent?: Agent | undefined;
  /** True for TLS. */
  readonly secure?: boolean;
}

/** A request under way, made by a real HTTP/1.1 client over a real socket. */
export class HttpCall {
  /** The response when its head has arrived; `undefined` when the connection broke before. */
  readonly head: Promise<IncomingMessage | undefined>;
  /** Everything, when the response is complete or the connection broke. Never rejects. */
  readonly done: Promise<Exchange>;
  readonly #request: ClientRequest;
  readonly #informational: number[] = [];
  #client: Exchange['client'];

  constructor(
    address: AddressInfo | string,
    target: string,
    init: RequestInit,
    { agent, secure }: HttpConnection,
  ) {
    const sent = sentRequest(address, target, init, agent === undefined);
    const where =
      typeof address === 'string' ? { socketPath: address } : { host: hostOf(address), port: address.port };
    const headers = sent.headers as Record<string, string | string[]>;
    const request = secure ? httpsRequest : httpRequest;
    const tls = secure ? clientTls : {};
    this.#request = request({
      ...tls,
      ...where,
      method: sent.method,
      path: target,
      headers,
      agent: agent ?? false,
    });
    this.#request.on('socket', (socket) => this.#noteClient(socket));
    this.#request.on('information', ({ statusCode }) => this.#informational.push(statusCode));
    this.head = new Promise((resolve) => {
      this.#request.on('response', resolve);
      this.#request.on('error', () => resolve(undefined));
    });
    this.done = this.#finish({ ...sent, headers: lowerCased(sent.headers) }, init.endpoint);
    if (this.#request.hasHeader('expect')) this.#request.once('continue', () => void this.#send(init.body));
    else void this.#send(init.body);
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#request.destroy();
  }

  /** True when nothing more will come. */
  get destroyed(): boolean {
    return this.#request.destroyed;
  }

  #noteClient(socket: Socket): void {
    const note = (): void => {
      const { localAddress: address, localPort: port } = socket;
      if (address !== undefined && port !== undefined) this.#client = { address, port };
    };
    if (socket.connecting) socket.once('connect', note);
    else note();
  }

  async #send(body: RequestInit['body']): Promise<void> {
    if (!Array.isArray(body)) return void this.#request.end(body as string | undefined);
    for (const chunk of body) {
      await sleep(10);
      this.#request.write(chunk);
    }
    this.#request.end();
  }

  async #finish(sent: SentRequest, endpoint: RequestInit['endpoint']): Promise<Exchange> {
    const response = await this.head;
    let body = '';
    if (response !== undefined) {
      response.setEncoding('latin1').on('data', (chunk: string) => {
        body += chunk;
      });
      await new Promise((resolve) => {
        response.on('close', resolve).on('error', resolve);
      });
    }
    return {
      endpoint,
      sent,
      client: this.#client,
      status: response?.statusCode,
      informational: this.#informational,
      headers: response?.headers ?? {},
      trailers: response?.trailers ?? {},
      body,
      complete: response?.complete ?? false,
    };
  }
}

function sentRequest(
  address: AddressInfo | string,
  target: string,
  init: RequestInit,
  alone: boolean,
): SentRequest {
  const { method = 'GET', body, headers = {} } = init;
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const defaults: Record<string, string> = {
    Host: typeof address === 'string' ? 'localhost' : `127.0.0.1:${address.port}`,
    'User-Agent': USER_AGENT,
    ...(alone ? { Connection: 'close' } : {}),
    ...(typeof body === 'string' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}),
  };
  const kept = Object.entries(defaults).filter(([name]) => !given.has(name.toLowerCase()));
  return { method, target, version: '1.1', headers: { ...Object.fromEntries(kept), ...headers } };
}

/** A server that listens everywhere is asked over IPv4, as through a dual-stack socket. */
function hostOf({ address }: AddressInfo): string {
  return address === '::' ? '127.0.0.1' : address;
}

function lowerCased(headers: SentRequest['headers']): SentRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
