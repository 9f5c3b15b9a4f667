import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import axios from 'axios';
import got from 'got';
import * as undici from 'undici';
import type { HttpClientOptions } from '../src/index.js';
import { instrumentFetch, instrumentHttpClients } from '../src/index.js';

/** A request, besides its URL. */
export interface Question {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** In milliseconds, by the client's own means. */
  readonly timeout?: number;
}

/** Asks an URL and reads the answer to its end; rejects as the client does. */
export type Ask = (url: string, question?: Question) => Promise<{ status: number; text: string }>;

/** A client that applications use, and what it lets an instrumentation know. */
export interface Client {
  readonly name: string;
  /** The function that instruments it. */
  readonly by: 'instrumentFetch' | 'instrumentHttpClients';
  /** Address of the peer and version of the protocol. */
  readonly showsConnection: boolean;
  /** Each redirect as a request of its own; `none`: it follows none of itself. */
  readonly hops: 'seen' | 'hidden' | 'none';
  readonly ask: Ask;
}

const fetchWith =
  (send: typeof fetch): Ask =>
  async (url, { timeout, ...question } = {}) => {
    const signal = timeout === undefined ? {} : { signal: AbortSignal.timeout(timeout) };
    const response = await send(url, { ...question, ...signal });
    return { status: response.status, text: await response.text() };
  };

const viaNode: Ask = (url, { body, ...options } = {}) =>
  new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).request(url, options, (response) => {
      text(response).then((content) => resolve({ status: response.statusCode ?? 0, text: content }), reject);
    });
    request.on('error', reject);
    // Node only tells of a timeout.
    request.on('timeout', () => request.destroy());
    request.end(body);
  });

const viaUndici: Ask = async (url, question = {}) => {
  const { timeout, ...options } = question;
  const response = await undici.request(url, {
    ...options,
    ...(timeout && { headersTimeout: timeout }),
  } as object);
  return { status: response.statusCode, text: await response.body.text() };
};

const viaAxios: Ask = async (url, { body, ...question } = {}) => {
  const response = await axios.request({
    url,
    ...question,
    ...(body !== undefined && { data: body }),
    responseType: 'text',
    validateStatus: null,
    proxy: false,
  });
  return { status: response.status, text: String(response.data) };
};

const viaGot: Ask = async (url, question = {}) => {
  const { timeout, ...options } = question;
  const limits = {
    throwHttpErrors: false,
    retry: { limit: 0 },
    ...(timeout && { timeout: { request: timeout } }),
  };
  const response = await got(url, { ...options, ...limits } as object);
  return { status: response.statusCode, text: response.body };
};

const seen = { by: 'instrumentHttpClients', showsConnection: true } as const;

/** The clients under test. */
export const clients: readonly Client[] = [
  {
    name: 'a wrapped fetch',
    by: 'instrumentFetch',
    showsConnection: false,
    hops: 'hidden',
    ask: fetchWith(fetch),
  },
  { ...seen, name: 'fetch', hops: 'seen', ask: fetchWith(fetch) },
  { ...seen, name: 'undici.fetch', hops: 'seen', ask: fetchWith(undici.fetch as never) },
  { ...seen, name: 'undici.request', hops: 'none', ask: viaUndici },
  { ...seen, name: 'node:http', hops: 'none', ask: viaNode },
  { ...seen, name: 'axios', hops: 'seen', ask: viaAxios },
  { ...seen, name: 'got', hops: 'seen', ask: viaGot },
];

/** Instruments a client; `disable` undoes it where that can be done. */
export function instrument(client: Client, options: HttpClientOptions): { ask: Ask; disable(): void } {
  if (client.by === 'instrumentFetch')
    return { ask: fetchWith(instrumentFetch(fetch, options)), disable: () => {} };
  const instrumented = instrumentHttpClients(options);
  return { ask: client.ask, disable: () => instrumented.disable() };
}
