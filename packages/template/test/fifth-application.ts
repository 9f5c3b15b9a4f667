import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Exchange } from '../src/fifth.js';

/** An exchange as the framework keeps it on its way through mounted applications. */
export interface RoutedExchange extends Exchange {
  template?: string;
  /** The template of the mounts that the exchange is in. */
  base: string;
  /** The path below them. */
  path: string;
  body?: unknown;
}

/** Middleware that reads what the framework keeps. */
export type RoutedMiddleware = (exchange: RoutedExchange, next: () => Promise<void>) => Promise<void>;

/** A small framework: middleware as in Koa, routes that leave their template, and applications below a prefix. */
export class FifthApplication {
  readonly #middleware: RoutedMiddleware[] = [];

  use(...middleware: readonly RoutedMiddleware[]): this {
    this.#middleware.push(...middleware);
    return this;
  }

  /** Adds a route; `*` is every method, and GET answers HEAD too. */
  route(method: string, paths: string | RegExp | readonly string[], ...handlers: RoutedMiddleware[]): this {
    for (const path of [paths].flat() as readonly (string | RegExp)[]) {
      const pattern = path instanceof RegExp ? path : patternOf(path, '/?$');
      this.use(async (exchange, next) => {
        const asked = exchange.incoming.method === 'HEAD' ? 'GET' : exchange.incoming.method;
        const matched = method === '*' || method === asked ? pattern.exec(exchange.path) : null;
        if (matched === null) return next();
        matched.map((parameter = '') => decodeURIComponent(parameter));
        exchange.template = path === '/' && exchange.base !== '' ? exchange.base : `${exchange.base}${path}`;
        return compose(handlers, exchange, next);
      });
    }
    return this;
  }

  /** Runs another application below each of the prefixes. */
  mount(prefixes: string | readonly string[], application: FifthApplication): this {
    for (const prefix of [prefixes].flat()) {
      const pattern = patternOf(prefix, '(?=/|$)');
      this.use(async (exchange, next) => {
        const { base, path } = exchange;
        const [matched] = pattern.exec(path) ?? [];
        if (matched === undefined) return next();
        Object.assign(exchange, { base: base + prefix, path: path.slice(matched.length) || '/' });
        return compose(application.#middleware, exchange, () => {
          Object.assign(exchange, { base, path });
          return next();
        });
      });
    }
    return this;
  }

  listener(): RequestListener {
    return async (incoming, outgoing) => {
      const [path = ''] = String(incoming.url).split('?', 1);
      const exchange: RoutedExchange = { incoming, outgoing, base: '', path };
      try {
        await compose(this.#middleware, exchange, async () => notFound(exchange));
      } catch (error) {
        answerError(error, outgoing);
      }
    };
  }
}

/** Runs middleware one in the other. */
function compose(
  middleware: readonly RoutedMiddleware[],
  exchange: RoutedExchange,
  last: () => Promise<void>,
): Promise<void> {
  const run = async (index: number): Promise<void> => {
    const one = middleware[index];
    await (one === undefined ? last() : one(exchange, () => run(index + 1)));
  };
  return run(0);
}

/** Compiles `:name`, `*name` and `{…}`, which may be missing. */
function patternOf(path: string, end: string): RegExp {
  const source = path
    .replace(/\/$/, '')
    .replace(/\{(.*?)\}/g, '(?:$1)?')
    .replace(/:\w+/g, '([^/]+)')
    .replace(/\*\w+/g, '(.+)');
  return new RegExp(`^${source}${end}`);
}

/** Answers what no route has answered, whatever routes have passed it on. */
function notFound(exchange: RoutedExchange): void {
  delete exchange.template;
  exchange.outgoing.writeHead(404).end('not found');
}

/** Answers what no middleware has caught. */
function answerError(error: unknown, outgoing: ServerResponse<IncomingMessage>): void {
  const { status = error instanceof URIError ? 400 : 500 } = Object(error) as { status?: number };
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status).end('failed');
}
