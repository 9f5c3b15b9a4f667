import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Answer, Application, EndpointName } from '@otel-middleware/conformance';
import { plainEndpointList } from '@otel-middleware/conformance';
import type { Exchange } from '../src/fifth.js';
import type { RoutedMiddleware } from './fifth-application.js';
import { FifthApplication } from './fifth-application.js';

/** The fixture application as applications of the framework are written, without our middleware. */
export class FixtureApplication {
  readonly app: FifthApplication = new FifthApplication();
  readonly subApp: FifthApplication = new FifthApplication();
  readonly #application: Application;

  constructor(application: Application) {
    this.#application = application;
  }

  useMiddleware(): void {
    this.app.use(
      async (exchange, next) => {
        try {
          await next();
        } catch (error) {
          const given = this.#application.answerError(error);
          if (given === undefined) throw error;
          await send(exchange, given);
        }
      },
      (_exchange, next) => {
        this.#application.pass();
        return next();
      },
      below('/guarded', plain(401)),
      below(
        '/stored',
        (_exchange, next) =>
          new Promise((resolve, reject) => this.#application.detached(() => next().then(resolve, reject))),
      ),
    );
  }

  useRoutes(): void {
    this.#addPlainRoutes();
    this.#addMountedRoutes();
    this.#addShapedRoutes();
    this.app.use(below('/plain', plain(200)));
    this.app.mount('/sub/:y', this.subApp.route('GET', '/things/:id', this.#answer('subApp')));
  }

  addLateRoutes(): void {
    this.app
      .route('GET', '/late/:id', this.#answer('late'))
      .mount('/late-api', this.#routes('/items/:id', 'lateMounted'));
  }

  #addPlainRoutes(): void {
    for (const { name, method, path, raw } of plainEndpointList) {
      const answer: RoutedMiddleware = raw
        ? async ({ incoming, outgoing }) => void (await this.#application.answerRaw(name, incoming, outgoing))
        : this.#answer(name);
      const handlers = name === 'upload' ? [readBody, answer] : [answer];
      this.app.route(method === 'ALL' ? '*' : method, path, ...handlers);
    }
  }

  #addMountedRoutes(): void {
    const tenant = this.#routes('/', 'paramMountRoot').route(
      'GET',
      '/items/:id',
      this.#answer('paramMounted'),
    );
    const repositories = new FifthApplication().mount(
      '/repos/:repo',
      this.#routes('/issues/:issue', 'nested'),
    );
    const same = this.#routes('/same/:id', 'sameRouterLeft');
    this.app
      .mount('/api', this.#routes('/orders/:id', 'prefixed'))
      .mount('/api', this.#routes('/thrown/:id', 'prefixedThrown'))
      .mount('/api', this.#routes('/rejected/:id', 'prefixedRejected'))
      .mount('/t/:tenant', tenant)
      .mount('/v1', new FifthApplication().mount('/:org', repositories))
      .mount(['/m1', '/m2'], this.#routes('/x/:y', 'arrayMounted'))
      .mount('/left', same)
      .mount('/right', same);
  }

  #addShapedRoutes(): void {
    const pass: RoutedMiddleware = (_exchange, next) => next();
    const swallow: RoutedMiddleware = (exchange, next) =>
      next().catch(() =>
        send(exchange, { status: Number(exchange.path.split('/').at(-1)), body: 'swallowed' }),
      );
    this.app
      .route('GET', ['/first/:x', '/second/:x'], this.#answer('arrayRoute'))
      .route('GET', '/files/*path', this.#answer('wildcard'))
      .route('GET', '/maybe{/:x}', this.#answer('optional'))
      .route('GET', /^\/rx\/(\d+)$/, this.#answer('regex'))
      .route('GET', '/fall/:id', pass)
      .route('GET', '/then/:first', pass)
      .route('GET', '/then/:second', this.#answer('nextThenRoute'))
      .route('GET', '/plain/:id', pass)
      .route('GET', '/guarded/:id', this.#answer('guarded'))
      .route('GET', '/stored/:id', this.#answer('storedNext'))
      .route('GET', '/swallowed/:status', swallow, this.#answer('swallowed'));
  }

  #answer(name: EndpointName): RoutedMiddleware {
    return async (exchange) => {
      const request = { target: exchange.incoming.url as string, body: exchange.body };
      await send(exchange, await this.#application.answer(name, request));
    };
  }

  #routes(path: string, name: EndpointName): FifthApplication {
    return new FifthApplication().route('GET', path, this.#answer(name));
  }
}

async function send({ outgoing }: Exchange, { status, headers = {}, body }: Answer): Promise<void> {
  outgoing.writeHead(status, headers as Record<string, string | string[]>);
  if (typeof body === 'string') outgoing.end(body);
  else await pipeline(body, outgoing);
}

const readBody: RoutedMiddleware = async (exchange, next) => {
  exchange.body = await json(exchange.incoming);
  return next();
};

function plain(status: number): RoutedMiddleware {
  return (exchange) => send(exchange, { status, body: 'plain' });
}

function below(prefix: string, middleware: RoutedMiddleware): RoutedMiddleware {
  return (exchange, next) => (exchange.path.startsWith(prefix) ? middleware(exchange, next) : next());
}
