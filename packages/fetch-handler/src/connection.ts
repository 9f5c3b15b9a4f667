import { plainAddress } from '@otel-middleware/core';
import type { NodeRequestLike, NodeResponseLike } from '@otel-middleware/core/node';

/** The other end of a connection, as a runtime tells it. */
export interface RemoteAddress {
  readonly address: string;
  readonly port: number | undefined;
  readonly transport: string | undefined;
}

/**
 * The object that runtimes pass to a handler beside the request: `@hono/node-server` Node's messages, Bun its server, Deno its
 * info. Hono calls it `c.env`. It is recognised by shape; Workers pass their bindings here, which have none of these.
 */
interface Environment {
  readonly incoming?: NodeRequestLike;
  readonly outgoing?: NodeResponseLike;
  readonly requestIP?: (request: Request) => { readonly address: string; readonly port: number } | null;
  readonly completed?: Promise<void>;
  readonly remoteAddr?: { readonly hostname?: string; readonly port?: number; readonly transport: string };
  /** The environment, if an application wraps it as Hono's own helpers expect: `app.fetch(request, { server })`. */
  readonly server?: Environment;
}

/** The key under which a handler keeps its environment, for inner handlers that are not given it. */
const ENVIRONMENT: unique symbol = Symbol.for('otel-middleware.environment.v1');

type MarkedRequest = Request & { [ENVIRONMENT]?: unknown };

/** Remembers with a request what a server has handed over beside it. */
export function keepEnvironment(request: MarkedRequest, environment: unknown): void {
  if (isServer(environment)) request[ENVIRONMENT] = environment;
}

/** Finds the environment that a server has passed beside a request, here or to an outer handler. */
export function environmentOf(request: MarkedRequest, environment?: unknown): unknown {
  return isServer(environment) ? environment : (request[ENVIRONMENT] ?? environment);
}

/** Node's own request under a `Request`, where the server shows it. */
export function incomingOf(environment: unknown): NodeRequestLike | undefined {
  const incoming =
    (environment as Environment | null | undefined)?.incoming ?? wrapped(environment)?.incoming;
  // A binding of a Worker may have the name, and answers every property with something callable.
  return typeof incoming?.url === 'string' ? incoming : undefined;
}

/** Node's own response, where the server shows it; an upgrade has none. */
export function outgoingOf(environment: unknown): NodeResponseLike | undefined {
  if (incomingOf(environment) === undefined) return undefined;
  return (environment as Environment).outgoing ?? wrapped(environment)?.outgoing;
}

/** Tells whether Node, Bun or Deno have handed it over, which know no execution context. */
export function isServer(environment: unknown): boolean {
  return (
    incomingOf(environment) !== undefined ||
    bunServer(environment) !== undefined ||
    denoAddress(environment) !== undefined
  );
}

/** The peer of a request as Bun or Deno tell it. */
export function remoteAddress(environment: unknown, request: Request): RemoteAddress | undefined {
  const deno = denoAddress(environment);
  if (deno !== undefined)
    return { address: plainAddress(deno.hostname) ?? '', port: deno.port, transport: deno.transport };
  const bun = bunServer(environment)?.requestIP?.(request);
  return bun ? { address: plainAddress(bun.address) ?? '', port: bun.port, transport: undefined } : undefined;
}

/** Deno's promise that settles when the response was sent, broke or was left; it does not tell which. */
export function completionOf(environment: unknown): Promise<void> | undefined {
  return denoAddress(environment) === undefined ? undefined : (environment as Environment).completed;
}

function wrapped(environment: unknown): Environment | undefined {
  return (environment as Environment | null | undefined)?.server;
}

function denoAddress(environment: unknown): Environment['remoteAddr'] {
  const address = (environment as Environment | null | undefined)?.remoteAddr;
  return typeof address?.transport === 'string' ? address : undefined;
}

function bunServer(environment: unknown): Environment | undefined {
  // Asked only where Bun is, since to call a method of a Worker's service binding is a request to that service.
  if (!('Bun' in globalThis)) return undefined;
  const server = wrapped(environment) ?? (environment as Environment | null | undefined);
  return typeof server?.requestIP === 'function' ? server : undefined;
}
