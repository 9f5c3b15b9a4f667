import { expect } from '@jest/globals';
import type { Requires } from '../register-tests.js';

const JSON_BODY = { body: '{"bread":2}', headers: { 'Content-Type': 'application/json' } };

/** Attributes that are recorded when they are named. */
export function attributeOptIn(requires: Requires): void {
  requires('attribute:opt-in', 'opt-in attributes are recorded when named', async ({ start }) => {
    const app = await start({
      options: {
        optIn: [
          ...(['client.port', 'network.local.address', 'network.local.port', 'network.transport'] as const),
          ...(['http.request.body.size', 'http.response.body.size'] as const),
        ],
      },
    });
    const exchange = await app.ask('upload', JSON_BODY);
    const attributes = {
      'client.port': exchange.client?.port,
      'network.local.address': '127.0.0.1',
      'network.local.port': app.port,
      'network.transport': 'tcp',
      'http.request.body.size': JSON_BODY.body.length,
      'http.response.body.size': exchange.body.length,
    };
    expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes })]);
  });

  requires('attribute:opt-in', 'one name opts in to one attribute', async ({ start }) => {
    const app = await start({ options: { optIn: ['client.port'] } });
    const exchange = await app.ask('upload', JSON_BODY);
    expect(await app.spans(1)).toEqual([
      app.expected(exchange, { attributes: { 'client.port': exchange.client?.port } }),
    ]);
  });

  requires('attribute:synthetic', 'crawlers and monitoring are told apart from people', async ({ start }) => {
    const app = await start({ options: { optIn: ['user_agent.synthetic.type'] } });
    const types = {
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)': 'bot',
      'mozilla/5.0 (compatible; BINGBOT/2.0)': 'bot',
      'AlwaysOn/1.0 (like Googlebot)': 'test',
      'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0': undefined,
    };
    const expected = [];
    for (const [userAgent, type] of Object.entries(types)) {
      const exchange = await app.ask('order', { headers: { 'User-Agent': userAgent } });
      expected.push(app.expected(exchange, { attributes: { 'user_agent.synthetic.type': type } }));
    }
    expect(await app.spans(expected.length)).toEqual(expected);
  });
}
