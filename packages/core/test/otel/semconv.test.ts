import { expect, test } from '@jest/globals';
import * as stable from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import * as semconv from '../../src/otel/semconv.js';

const published = { ...stable, ...incubating } as Record<string, unknown>;

test.each(Object.entries(semconv).filter(([name]) => /^(ATTR|METRIC)_/.test(name)))(
  '%s is spelt as the convention spells it (span:no-legacy)',
  (name, value) => {
    const own = published[name];
    // Header attributes are a function there, of the header's name.
    expect(typeof own === 'function' ? own('') : own).toBe(value);
  },
);

test('the schema URL names the version of the convention that these names are of (span:scope)', () => {
  expect(semconv.SCHEMA_URL).toBe('https://opentelemetry.io/schemas/1.45.0');
});
