import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const packages = join(import.meta.dirname, '../..');
const readme = readFileSync(join(packages, 'core/README.md'), 'utf8');
const [framework, adapter] = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);

const source = (name: string): string => readFileSync(join(import.meta.dirname, '../src', name), 'utf8');

test('the README of core shows this framework and this adapter, word for word', () => {
  expect(source('fifth.ts')).toBe(framework?.replace('// fifth.ts\n', ''));
  expect(source('opentelemetry.ts')).toBe(adapter);
});
