import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAlwaysOffSampler, matrix, Telemetry } from '@otel-middleware/conformance';
import { clients } from './clients.js';
import { reached, unreached } from './expected.js';
import { Origin } from './origin.js';
import { rejection, traced, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());
beforeEach(() => {
  origin.received.length = 0;
});

describe.each(clients)('$name', (client) => {
  test('[client:span] is one client span with all that is known', async () => {
    const url = `${origin.url}/ok?q=a%20b&sig=s3cret&e=`;
    const { result, spans, lines, parent, telemetry } = await traced(client, (ask) => ask(url));
    expect(result).toEqual({ status: 200, text: 'ok' });
    const attributes = reached(client, url, { url: `${origin.url}/ok?q=a%20b&sig=REDACTED&e=` });
    expect(spans).toEqual([{ name: 'GET', kind: 'CLIENT', attributes, status: { code: 0 }, exceptions: [] }]);
    expect(lines.map(({ parentSpanId }) => parentSpanId)).toEqual([parent?.spanId]);
    expect(telemetry.sampled.slice(1)).toEqual([
      unreached(url, { url: `${origin.url}/ok?q=a%20b&sig=REDACTED&e=` }),
    ]);
  });

  test('[client:span] its context takes the place of older trace headers', async () => {
    const headers = {
      Traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      tracestate: 'old=1',
      baggage: 'old=1',
      'x-a': '1',
    };
    const { lines } = await traced(client, (ask) => ask(`${origin.url}/ok`, { headers }));
    const { traceId, spanId } = lines[0]!.spanContext;
    const [{ headers: sent }] = origin.received as [(typeof origin.received)[0]];
    expect([sent.traceparent, sent.tracestate, sent.baggage, sent['x-a']]).toEqual([
      `00-${traceId}-${spanId}-01`,
      undefined,
      undefined,
      '1',
    ]);
  });

  test('[client:span] without a span around it, it is a trace of its own', async () => {
    const { lines } = await traced(
      client,
      (ask) => Promise.all([ask(`${origin.url}/ok`), ask(`${origin.url}/ok`)]),
      {},
      { root: true },
    );
    expect(lines.map(({ parentSpanId }) => parentSpanId)).toEqual([undefined, undefined]);
    expect(new Set(lines.map(({ spanContext }) => spanContext.traceId)).size).toBe(2);
  });

  test('[client:span] [client:metrics] unsampled, it is measured and carries an unsampled context', async () => {
    const telemetry = new Telemetry(createAlwaysOffSampler());
    const { spans, durations, parent } = await traced(
      client,
      (ask) => ask(`${origin.url}/ok`),
      {},
      { telemetry },
    );
    expect([spans.length, durations.map(([, count]) => count)]).toEqual([0, [1]]);
    const [, traceId, spanId, flags] = String(origin.received[0]?.headers.traceparent).split('-');
    expect([traceId, spanId === parent?.spanId, flags]).toEqual([parent?.traceId, false, '00']);
  });

  test('[client:span] a method, its body and an unknown method go out as they are', async () => {
    const url = `${origin.url}/echo`;
    const posted = await traced(client, (ask) => ask(url, { method: 'POST', body: 'a body' }));
    expect(posted.result).toEqual({ status: 200, text: 'a body' });
    expect(posted.spans.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['POST', reached(client, url, { method: 'POST' })],
    ]);
    const purged = await traced(client, (ask) => ask(url, { method: 'PURGE' }));
    const attributes = { 'http.request.method_original': 'PURGE' };
    expect(purged.spans.map((span) => [span.name, span.attributes])).toEqual([
      ['HTTP', reached(client, url, { method: '_OTHER', attributes })],
    ]);
    expect(origin.received.map(({ method }) => method)).toEqual(['POST', 'PURGE']);
  });

  test('[client:span] an interim response is not the response', async () => {
    const { result, spans } = await traced(client, (ask) => ask(`${origin.url}/hints`));
    expect(result).toEqual({ status: 200, text: 'hinted' });
    expect(spans.map(({ attributes }) => attributes)).toEqual([reached(client, `${origin.url}/hints`)]);
  });

  test('[client:span] IPv6 addresses stand without brackets', async () => {
    const six = await Origin.start('http', '::1');
    const { spans } = await traced(client, (ask) => ask(`${six.url}/ok`));
    await six.close();
    expect(spans.map(({ attributes }) => attributes)).toEqual([reached(client, `${six.url}/ok`)]);
    expect(spans[0]?.attributes['server.address']).toBe('::1');
  });

  test.each([
    ['http', 80],
    ['https', 443],
  ])('[client:span] the default port of %s is filled in', async (scheme, port) => {
    const { spans } = await traced(client, (ask) => rejection(ask(`${scheme}://nowhere.invalid/a`)));
    expect(
      spans.map(({ attributes }) => [
        attributes['server.address'],
        attributes['server.port'],
        attributes['url.full'],
      ]),
    ).toEqual([['nowhere.invalid', port, `${scheme}://nowhere.invalid/a`]]);
  });

  test('[client:span] credentials are nowhere', async () => {
    const url = origin.url.replace('//', '//us%65r:pass@');
    const { spans } = await traced(client, (ask) => ask(`${url}/ok`).catch(() => undefined));
    expect(JSON.stringify(spans)).not.toMatch(/us%65r|user|pass/);
  });

  test('[client:span] a hundred requests at once, and a hundred on kept connections, are told apart', async () => {
    const urls = Array.from({ length: 100 }, (_, index) => `${origin.url}/ok?n=${index}`);
    const { spans, lines } = await traced(client, async (ask) => {
      await Promise.all(urls.map((url) => ask(url)));
      for (const url of urls) await ask(url);
    });
    const asked = spans.map(({ attributes }) => attributes['url.full']);
    expect([asked.slice(0, 100).sort(), asked.slice(100)]).toEqual([[...urls].sort(), urls]);
    const made = spans.map((_, index) => [asked[index], lines[index]?.spanContext.spanId]);
    const targets = origin.received.map(({ target }) => origin.url + target);
    const carried = origin.takeSpanIds().map((spanId, index) => [targets[index], spanId]);
    expect(carried.sort()).toEqual(made.sort());
  });

  test('[client:span] the scope is this package', async () => {
    const { lines } = await traced(client, (ask) => ask(`${origin.url}/ok`));
    const { packageName: name, packageVersion: version } = matrix;
    expect(lines.map(({ scope }) => scope)).toEqual([
      { name, version, schemaUrl: 'https://opentelemetry.io/schemas/1.45.0' },
    ]);
  });

  test('[client:span] a template that the user knows is in name, span and metric', async () => {
    const urlTemplate = ({ url }: { url: string }) => new URL(url).pathname.replace(/\d+/, '{id}');
    const url = `${origin.url}/orders/42`;
    const { spans, durations } = await traced(client, (ask) => ask(url), { urlTemplate });
    const attributes = { 'url.template': '/orders/{id}' };
    expect(spans.map((span) => [span.name, span.attributes])).toEqual([
      ['GET /orders/{id}', reached(client, url, { attributes })],
    ]);
    expect(durations.map(([of]) => of['url.template'])).toEqual(['/orders/{id}']);
  });
});
