import type { Attributes } from '@opentelemetry/api';
import type { Client } from './clients.js';

interface Expectation {
  readonly method?: string;
  readonly status?: number;
  /** The URL as it is recorded, where it is not the one asked for. */
  readonly url?: string;
  readonly protocolVersion?: string;
  /** Attributes that are there besides. */
  readonly attributes?: Attributes;
}

/** All attributes of a span for a request that reached its server. */
export function reached(
  client: Pick<Client, 'showsConnection'>,
  asked: string,
  expectation: Expectation = {},
): Attributes {
  const { method, status = 200, url, protocolVersion = '1.1', attributes } = expectation;
  const { hostname } = new URL(asked);
  const address = hostname.replace(/[[\]]/g, '');
  const port = portOf(asked);
  return {
    ...unreached(asked, { ...(method && { method }), ...(url && { url }) }),
    'http.response.status_code': status,
    ...(status >= 400 && { 'error.type': String(status) }),
    ...(client.showsConnection && {
      'network.peer.address': address,
      'network.peer.port': port,
      'network.protocol.version': protocolVersion,
    }),
    ...attributes,
  };
}

/** All attributes of a span for a request that was not answered. */
export function unreached(
  asked: string,
  { method = 'GET', url = asked, attributes }: Expectation = {},
): Attributes {
  return {
    'http.request.method': method,
    'server.address': new URL(asked).hostname.replace(/[[\]]/g, ''),
    'server.port': portOf(asked),
    'url.full': url,
    ...attributes,
  };
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}
