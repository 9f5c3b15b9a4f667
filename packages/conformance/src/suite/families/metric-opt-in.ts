import { expect } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import type { HistogramMetricData, MetricData } from '@opentelemetry/sdk-metrics';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import { until } from '../../driver/until.js';
import type { Requires } from '../register-tests.js';

const UNSAMPLED = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };
const JSON_HEADERS = { 'Content-Type': 'application/json' };

async function metric(app: SystemUnderTest, name: string): Promise<MetricData | undefined> {
  return (await app.telemetry.metrics()).find(({ descriptor }) => descriptor.name === name);
}

/** Recorded sizes of bodies, by route. */
async function sizes(
  app: SystemUnderTest,
  name: string,
): Promise<readonly { attributes: Attributes; sum: unknown; count: number }[]> {
  const found = (await metric(app, name)) as HistogramMetricData | undefined;
  return (found?.dataPoints ?? []).map(({ attributes, value: { sum, count } }) => ({
    attributes,
    sum,
    count,
  }));
}

/** Metrics that are recorded when they are named. */
export function metricOptIn(requires: Requires): void {
  requires(
    ['attribute:opt-in', 'metric:duration'],
    'opt-in attributes are on metrics when named',
    async ({ start }) => {
      const named = ['server.address', 'server.port', 'user_agent.synthetic.type'] as const;
      const app = await start({ options: { optIn: named } });
      const exchange = await app.ask('order', { headers: { 'User-Agent': 'Googlebot/2.1' } });
      const bot = { 'user_agent.synthetic.type': 'bot' };
      expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: bot })]);
      const server = { 'server.address': '127.0.0.1', 'server.port': app.port };
      expect(await app.durations(1)).toEqual([
        { attributes: { ...app.expectedMetric(exchange), ...server, ...bot }, count: 1 },
      ]);
    },
  );

  requires('metric:active', 'requests in flight are counted, and none is left', async ({ start }) => {
    const app = await start({ options: { optIn: ['http.server.active_requests'] } });
    const active = async (): Promise<unknown> => {
      const found = await metric(app, 'http.server.active_requests');
      expect(found?.descriptor).toMatchObject({
        unit: '{request}',
        description: 'Number of active HTTP server requests.',
      });
      return found?.dataPoints.map(({ attributes, value }) => ({ attributes, value }));
    };
    const get = { 'http.request.method': 'GET', 'url.scheme': 'http' };
    const calls = [1, 2, 3].map((id) => app.call(`/hang/${id}`));
    const post = app.call('/emitters', { method: 'POST', body: Array(8).fill('chunk') });
    await until(
      () => app.application.entered.length === 4,
      () => 'four handlers',
    );
    expect(await active()).toEqual(
      expect.arrayContaining([
        { attributes: get, value: 3 },
        { attributes: { ...get, 'http.request.method': 'POST' }, value: 1 },
      ]),
    );
    for (const call of calls) call.destroy();
    await post.done;
    for (const endpoint of ['order', 'thrown', 'midStream', 'destroyed', 'unmatched'] as const)
      await app.ask(endpoint);
    await app.ask('order', { headers: UNSAMPLED });
    await app.abandonBody('stream');
    await app.durations(11);
    expect(await active()).toEqual(
      expect.arrayContaining([
        { attributes: get, value: 0 },
        { attributes: { ...get, 'http.request.method': 'POST' }, value: 0 },
      ]),
    );
  });

  requires('metric:size', 'body sizes are those of this request', async ({ start }) => {
    const app = await start({
      options: { optIn: ['http.server.request.body.size', 'http.server.response.body.size'] },
    });
    const upload = await app.ask('upload', {
      body: `{"bread":"${'x'.repeat(5000)}"}`,
      headers: JSON_HEADERS,
    });
    const stream = await app.ask('chunked');
    const head = await app.ask('order', { method: 'HEAD' });
    const empty = await app.request('/status/304', { endpoint: 'status' });
    const raw = await app.ask('rawWrite', { headers: UNSAMPLED });
    await app.durations(5);
    const point = (exchange: typeof upload, sum: number): object => ({
      attributes: app.expectedMetric(exchange),
      sum,
      count: 1,
    });
    expect(await sizes(app, 'http.server.request.body.size')).toEqual([
      point(upload, 5012),
      ...[stream, head, empty, raw].map((exchange) => point(exchange, 0)),
    ]);
    expect(await sizes(app, 'http.server.response.body.size')).toEqual([
      point(upload, upload.body.length),
      point(stream, stream.body.length),
      point(head, 0),
      point(empty, 0),
      point(raw, 'rawWrite'.length),
    ]);
    const found = await app.telemetry.metrics();
    expect(
      found.map(({ descriptor: { name, unit, description } }) => [name, unit, description]).sort(),
    ).toEqual([
      ['http.server.request.body.size', 'By', 'Size of HTTP server request bodies.'],
      ['http.server.request.duration', 's', 'Duration of HTTP server requests.'],
      ['http.server.response.body.size', 'By', 'Size of HTTP server response bodies.'],
    ]);
  });
}
