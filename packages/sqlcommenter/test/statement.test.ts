import { describe, expect, test } from '@jest/globals';
import type { SqlDialect } from '../src/statement.js';
import { commentPosition } from '../src/statement.js';

/** Statements without a comment, whose end is marked by `¶`. */
const clean: Record<SqlDialect, readonly string[]> = {
  postgresql: [
    'SELECT 1¶',
    'SELECT 1¶;',
    'SELECT 1¶ ;\n\t ',
    'SELECT 1; SELECT 2¶;;',
    'SELECT $1::int, $2¶',
    "SELECT '--'¶",
    "SELECT '/* no comment */'¶",
    "SELECT 'it''s -- not'¶",
    String.raw`SELECT 'a backslash is a backslash \'¶`,
    String.raw`SELECT E'it\'s -- not'¶`,
    String.raw`SELECT e'it\'s /* not'¶`,
    String.raw`SELECT E'\\'¶`,
    "SELECT E'it''s -- not'¶",
    "SELECT E'a' \n  'b\\'--'¶",
    String.raw`SELECT U&'\0441--'¶`,
    "SELECT B'101', X'1F', N'--'¶",
    'SELECT "--", "a""/*" FROM "t#"¶',
    'SELECT $$ -- /* $$¶',
    'SELECT $a$ $$ -- $b$ $a$¶',
    'SELECT $étiquette$ -- $étiquette$¶',
    "DO $$ BEGIN RAISE NOTICE '--'; /* in the body */ END $$¶;",
    'SELECT a$1, b$$c FROM t¶',
    "SELECT nameE'--'¶",
    'SELECT 3 - -1, 5 # 3, 2 * - 1¶',
    `SELECT '{"a":1}'::jsonb #> '{a}', '{}'::jsonb ->> 'b', '{}'::jsonb ? 'c', '{}'::jsonb @> '{"--":1}'¶`,
    'SELECT 1 AS nbsp\u00a0¶',
  ],
  mysql: [
    'SELECT 1¶',
    'SELECT 1--1¶;',
    'SELECT 1 -2, ?¶',
    "SELECT '--  #'¶",
    String.raw`SELECT 'it\'s -- not', "say \"#\""¶`,
    "SELECT 'it''s # not'¶",
    'SELECT "a -- b", \'/*\'¶',
    'SELECT `#`, `a``-- b` FROM `/*`¶',
    "SELECT 'several\nlines -- '¶",
  ],
  sqlite: [
    'SELECT 1¶;',
    String.raw`SELECT 'a backslash is a backslash \'¶`,
    "SELECT 'it''s -- not'¶",
    'SELECT [--], `/*`, "--"¶',
    'SELECT [a]]¶',
  ],
};

/** Statements that are left alone. */
const left: Record<SqlDialect, readonly string[]> = {
  postgresql: [
    '',
    ' ;\n',
    'SELECT 1 -- one',
    'SELECT 1 --',
    'SELECT 1 /* one */',
    'SELECT /*+ SeqScan(t) */ 1',
    '/* one */ SELECT 1',
    "SELECT '--', 1 -- one",
    'SELECT 1--1',
    "SELECT 'a",
    "SELECT 'a''",
    'SELECT "a',
    String.raw`SELECT E'a\'`,
    'SELECT $$ a',
    'SELECT $a$ a $$',
    String.raw`SELECT 'a\' -- one`,
    "SELECT $$ a $$ -- 'one'",
    "SELECT 1 /* a /* nested */ comment */ + '1'",
  ],
  mysql: [
    '',
    'SELECT 1 # one',
    'SELECT 1 -- one',
    'SELECT 1 --',
    'SELECT 1 --\tone',
    'SELECT 1 --\u0001one',
    'SELECT 1 /*! + 1 */',
    'SELECT `a',
    'SELECT "a',
    String.raw`SELECT 'a\'`,
    String.raw`SELECT 'a\\' -- one`,
  ],
  sqlite: ['', 'SELECT 1 -- one', 'SELECT 1 /* one', 'SELECT [a', "SELECT 'a", 'SELECT "a', 'SELECT `a'],
};

describe.each(Object.entries(clean))('[sql:format] %s: a comment goes behind', (dialect, statements) => {
  test.each(statements)('%j', (marked) => {
    const sql = marked.replace('¶', '');
    expect(commentPosition(sql, dialect as SqlDialect)).toBe(marked.indexOf('¶'));
  });
});

describe.each(Object.entries(left))('[sql:format] %s: no comment goes into', (dialect, statements) => {
  test.each(statements)('%j', (sql) => {
    expect(commentPosition(sql, dialect as SqlDialect)).toBeUndefined();
  });
});

describe('[sql:format] large statements', () => {
  const MEGABYTES = 20 * 2 ** 20;

  test.each([
    ["''", `SELECT '${'a'.repeat(MEGABYTES)}'`],
    ["E''", `SELECT E'${String.raw`\'--`.repeat(MEGABYTES / 4)}'`],
    ["''''", `SELECT '${"''--".repeat(MEGABYTES / 4)}'`],
    ['$$', `SELECT $$${'-- '.repeat(MEGABYTES / 3)}$$`],
    ['words', `SELECT '-' ${', a'.repeat(MEGABYTES / 3)}`],
  ])('of %s have an end', (_, sql) => {
    expect(commentPosition(sql, 'postgresql')).toBe(sql.length);
  });

  test('that end nowhere are left alone, and are not read again and again', () => {
    const before = performance.now();
    expect(
      commentPosition(`SELECT ${'$a$ '.repeat(1)}${"''".repeat(2 ** 20)}'`, 'postgresql'),
    ).toBeUndefined();
    expect(commentPosition(`SELECT ${'$'.repeat(2 ** 16)} $$`, 'postgresql')).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
