import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withComment } from '../src/comment.js';
import type { QueryTags } from '../src/tags.js';

const comment = (sql: string, tags: QueryTags): string => withComment(sql, tags, 'postgresql');

/** Parses a comment as a reader of the format does, by its grammar alone. */
function read(text: string): Record<string, string> {
  const [, pairs = ''] = /^\/\*((?:[\w.~%-]+='[\w.~%-]*',?)+)\*\/$/.exec(text) ?? [];
  return Object.fromEntries(
    pairs.split(',').map((pair) => {
      const [, key = '', value = ''] = /^([^=]+)='([^']*)'$/.exec(pair) ?? [];
      return [decodeURIComponent(key), decodeURIComponent(value)];
    }),
  );
}

describe('[sql:format] a comment', () => {
  const all: QueryTags = {
    tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
    traceparent: '00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01',
    route: "/polls/:id/it's*/%",
    framework: 'express',
    application: 'shop & co.',
  };

  test('is sorted and encoded, behind the statement and before its semicolon', () => {
    const text =
      "/*application='shop%20%26%20co.',framework='express',route='%2Fpolls%2F%3Aid%2Fit%27s%2A%2F%25'," +
      "traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'," +
      "tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'*/";
    expect(comment('SELECT * FROM polls', all)).toBe(`SELECT * FROM polls ${text}`);
    expect(comment('SELECT * FROM polls;\n', all)).toBe(`SELECT * FROM polls ${text};\n`);
    expect(read(text)).toEqual(all);
  });

  test('holds nothing that a placeholder begins with', () => {
    expect(comment('SELECT 1', { route: ':id ? $1 %s @x' })).toBe(
      "SELECT 1 /*route='%3Aid%20%3F%20%241%20%25s%20%40x'*/",
    );
  });

  test('is not written without tags', () => {
    expect(comment('SELECT 1', {})).toBe('SELECT 1');
  });

  test('is not written into a statement that has one', () => {
    expect(comment('SELECT 1 /* mine */', all)).toBe('SELECT 1 /* mine */');
    expect(comment(comment('SELECT 1', all), { application: 'other' })).toBe(comment('SELECT 1', all));
  });

  test('keeps of text that is no Unicode what can be kept', () => {
    expect(comment('SELECT 1', { route: '/a\ud800b' })).toBe("SELECT 1 /*route='%2Fa%EF%BF%BDb'*/");
  });

  test('has, whatever the tags are, one reading, which is the tags', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom("'", '*', '/', '\\', '%', '"', ';', '-', '\0', '\n', '$', '`', '#'),
      }),
    );
    fc.assert(
      fc.property(
        fc.record(
          { application: value, framework: value, route: value, traceparent: value, tracestate: value },
          { requiredKeys: [] },
        ),
        (tags) => {
          const sql = comment('SELECT 1;', tags as QueryTags);
          if (Object.keys(tags).length === 0) return expect(sql).toBe('SELECT 1;');
          expect(sql.startsWith('SELECT 1 /*') && sql.endsWith('*/;')).toBe(true);
          expect(read(sql.slice('SELECT 1 '.length, -1))).toEqual(tags);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
