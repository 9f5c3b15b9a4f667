import { expect } from '@jest/globals';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import type { Exchange } from '../../expect/exchange.js';
import { plainEndpointList } from '../../fixture/endpoints.js';
import type { Requires } from '../register-tests.js';

/** Endpoints whose responses hold no ids of spans. */
const COMPARED = plainEndpointList.filter(
  ({ name, status }) =>
    status !== 0 &&
    !['context', 'slow', 'outbound', 'relay', 'upload', 'emitters', 'metadata', 'handled'].includes(name),
);

/** Everything that a client can see of a response. */
function visible({ status, headers, trailers, informational, body, complete }: Exchange): object {
  const { date: _, ...others } = headers;
  return { status, headers: others, trailers, informational, body, complete };
}

async function answers(app: SystemUnderTest): Promise<object> {
  const exchanges = await Promise.all(
    COMPARED.map(async ({ name, method, target }) => {
      const exchange = await app.request(target, { method: method === 'ALL' ? 'GET' : method });
      return [name, visible(exchange)] as const;
    }),
  );
  return Object.fromEntries(exchanges);
}

/** Without an SDK, or with several. */
export function noSdk(requires: Requires): void {
  requires('no-sdk:no-sdk', 'responses are the same with and without the middleware', async ({ start }) => {
    const without = await start({ instrumented: false });
    const noSdk = await start({ providers: false });
    const withSdk = await start();
    const [expected, unheard, heard] = await Promise.all([without, noSdk, withSdk].map(answers));
    expect(unheard).toEqual(expected);
    expect(heard).toEqual(expected);
    // What the application traces by itself.
    expect(noSdk.telemetry.ended.map(({ name }) => name)).toEqual(['inner', 'outer']);
  });

  requires('no-sdk:no-sdk', 'nothing is thrown when everything is asked for', async ({ start }) => {
    const app = await start({
      providers: false,
      options: {
        requestHook: () => {},
        responseHook: () => {},
        captureRequestHeaders: ['.*'],
        captureResponseHeaders: ['.*'],
        publicEndpoint: true,
        optIn: ['http.server.active_requests', 'http.server.request.body.size', 'user_agent.synthetic.type'],
      },
    });
    for (const endpoint of ['order', 'rpc', 'labels', 'thrown', 'chunked', 'unmatched'] as const)
      await app.ask(endpoint);
    await app.abandon('hang');
  });

  requires('no-sdk:providers', 'two applications with their own providers stay apart', async ({ start }) => {
    const one = await start();
    const other = await start();
    const [first, second] = await Promise.all([
      one.ask('order'),
      other.ask('thrown'),
      one.ask('root'),
      other.ask('root'),
    ]);
    expect((await one.spans(2)).map(({ name }) => name).sort()).toEqual([
      'GET /',
      `GET ${one.route('order')}`,
    ]);
    expect((await other.spans(2)).map(({ name }) => name).sort()).toEqual([
      'GET /',
      `GET ${other.route('thrown')}`,
    ]);
    expect(await one.durations(2)).toContainEqual({
      attributes: one.expectedMetric(first as Exchange),
      count: 1,
    });
    expect(await other.durations(2)).toContainEqual({
      attributes: other.expectedMetric(second as Exchange),
      count: 1,
    });
  });
}
