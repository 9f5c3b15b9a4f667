import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import { reached, unreached } from './expected.js';
import { closedUrl, Origin } from './origin.js';
import { runOn, runtimes } from './runtimes/runtime.js';

interface Outcome {
  readonly texts: readonly string[];
  readonly spans: readonly {
    readonly name: string;
    readonly kind: number;
    readonly attributes: Attributes;
    readonly status: { readonly code: number };
    readonly exceptions: readonly Attributes[];
    readonly spanId: string;
  }[];
}

let origin: Origin;
beforeAll(async () => {
  origin = await Origin.start();
});
afterAll(() => origin.close());

const hidden = { showsConnection: false };
const CLIENT = 2;

describe.each(Object.keys(runtimes))('on %s', (runtime) => {
  let outcome: Outcome;
  let closed: string;
  beforeAll(async () => {
    closed = await closedUrl();
    outcome = (await runOn(runtime, origin.url, closed)) as Outcome;
  }, 30_000);

  test('[client:span] [client:redirect] [client:errors] a wrapped fetch makes whole spans, without anything of Node', () => {
    const at = (target: string, expectation = {}) => reached(hidden, origin.url + target, expectation);
    expect(outcome.texts).toEqual(['ok', '{}', '[]', 'ok', '']);
    expect(outcome.spans.slice(0, 6).map(({ name, kind, attributes }) => [name, kind, attributes])).toEqual([
      ['GET', CLIENT, at('/ok?sig=s3cret', { url: `${origin.url}/ok?sig=REDACTED` })],
      ['POST', CLIENT, at('/echo', { method: 'POST' })],
      ['POST', CLIENT, at('/echo', { method: 'POST' })],
      ['GET', CLIENT, at('/redirect?to=/ok')],
      ['GET', CLIENT, at('/status?code=404', { status: 404 })],
      ['GET', CLIENT, unreached(`${origin.url}/slow`)],
    ]);
    expect(outcome.spans.map(({ status }) => status.code)).toEqual([0, 0, 0, 0, 2, 0, 2, 2]);
  });

  test('[client:errors] what fails has an error type and one exception, and no text holds the query', () => {
    const [timedOut, refused] = outcome.spans.slice(6);
    expect(timedOut?.attributes).toEqual(
      unreached(`${origin.url}/slow`, { attributes: { 'error.type': 'TimeoutError' } }),
    );
    expect([refused?.attributes['url.full'], refused?.exceptions.length]).toEqual([
      `${closed}/a?token=s3cret`,
      1,
    ]);
    expect(refused?.attributes['error.type']).toMatch(/^\w+$/);
    expect(JSON.stringify([refused?.status, refused?.exceptions])).not.toContain('s3cret');
  });

  test('[client:span] its context is what the server receives', () => {
    const spanIds = outcome.spans.map(({ spanId }) => spanId);
    const carried = origin.takeSpanIds();
    // The redirect brings two requests, and a refused one never arrives.
    expect(carried).toEqual([...spanIds.slice(0, 4), spanIds[3], ...spanIds.slice(4, 7)]);
  });
});
