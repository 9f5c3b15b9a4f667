import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import type { Exchange, SentRequest } from '../expect/exchange.js';

/** A request that is sent byte for byte, whether HTTP allows it or not. */
export interface RawRequest {
  readonly method?: string;
  readonly target: string;
  readonly version?: '1.0' | '1.1';
  /** Header fields in order, exactly as they are to be sent; nothing is added. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** Opens a connection of which only bytes are expected. */
export async function openSocket(address: AddressInfo): Promise<Socket> {
  const socket = connect(address.port, address.address);
  socket.setEncoding('latin1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** Reads until the other side closes the connection. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve).on('error', resolve));
  return text;
}

/**
 * Sends requests in one write, as pipelining does, and reads until the server closes the connection: the last
 * of them has to ask for that.
 *
 * @param leave - goes away without a word when it resolves.
 */
export async function sendRaw(
  address: AddressInfo,
  requests: readonly RawRequest[],
  leave?: Promise<void>,
): Promise<readonly Exchange[]> {
  const socket = await openSocket(address);
  const client = { address: socket.localAddress as string, port: socket.localPort as number };
  const text = readToEnd(socket);
  socket.write(requests.map(bytesOf).join(''), 'latin1');
  const destroy = (): void => void socket.destroy();
  void leave?.then(destroy, destroy);
  const responses = (await text)
    .split(/(?=HTTP\/1\.1 [2-5]\d\d )/)
    .filter((response) => response.startsWith('HTTP/1.1 '));
  return requests.map((request, index) => {
    const response = responses[index];
    const status =
      response === undefined ? undefined : Number(response.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3));
    const body = response?.slice(response.indexOf('\r\n\r\n') + 4) ?? '';
    const complete = response !== undefined;
    return {
      sent: sentRequest(request),
      client,
      status,
      informational: [],
      headers: {},
      trailers: {},
      body,
      complete,
    };
  });
}

function bytesOf({ method = 'GET', target, version = '1.1', headers = [] }: RawRequest): string {
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${target} HTTP/${version}\r\n${fields}\r\n`;
}

function sentRequest({ method = 'GET', target, version = '1.1', headers = [] }: RawRequest): SentRequest {
  const byName: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const known = byName[name.toLowerCase()];
    byName[name.toLowerCase()] = known === undefined ? value : [known, value].flat();
  }
  return { method, target, version, headers: byName };
}
