/** The database whose rules decide what is text, a name or a comment. */
export type SqlDialect = 'postgresql' | 'mysql' | 'sqlite';

/** The rules by which a dialect is read. */
interface Grammar {
  /** Finds where a comment or anything quoted begins. */
  readonly opening: RegExp;
  /** The end of a quotation by its beginning; any other beginning is that of a comment. */
  readonly closing: (opening: string) => Closing | undefined;
}

/** The position behind the end of what is quoted, from the position behind its beginning; -1 when there is no end. */
type Closing = (sql: string, from: number) => number;

/** A quote in quoted text is doubled, which reads like two texts side by side. */
function until(mark: string): Closing {
  return (sql, from) => {
    const at = sql.indexOf(mark, from);
    return at === -1 ? -1 : at + mark.length;
  };
}

/** Text in which a backslash escapes, too. */
function untilUnescaped(quote: '"' | "'"): Closing {
  const stop = new RegExp(`[\\\\${quote}]`, 'g');
  return (sql, from) => {
    stop.lastIndex = from;
    while (stop.test(sql)) {
      if (sql[stop.lastIndex - 1] === quote) return stop.lastIndex;
      stop.lastIndex += 1;
    }
    return -1;
  };
}

/** The backslash still escapes behind a doubled quote, and where the text goes on behind a line break. */
const CONTINUED = /'|[ \t\f\v]*[\r\n]\s*'/y;
const untilUnescapedQuote = untilUnescaped("'");
const untilEndOfEscapeString: Closing = (sql, from) => {
  let end = untilUnescapedQuote(sql, from);
  for (;;) {
    CONTINUED.lastIndex = end;
    if (end === -1 || !CONTINUED.test(sql)) return end;
    end = untilUnescapedQuote(sql, CONTINUED.lastIndex);
  }
};

/** The closings of a dialect in which everything that is quoted begins with one of a few marks. */
function fixed(closings: Readonly<Record<string, Closing>>): Grammar['closing'] {
  return (opening) => closings[opening];
}

const grammars: Readonly<Record<SqlDialect, Grammar>> = {
  // https://www.postgresql.org/docs/current/sql-syntax-lexical.html
  postgresql: {
    // A letter or a dollar sign in a word is part of the word.
    opening:
      /--|\/\*|"|(?<![\w$\u0080-\uffff])(?:[eE]'|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|'/g,
    closing: (opening) => {
      if (opening.startsWith('$') || opening === '"' || opening === "'") return until(opening);
      return opening.endsWith("'") ? untilEndOfEscapeString : undefined;
    },
  },
  // https://dev.mysql.com/doc/refman/8.4/en/comments.html
  mysql: {
    // Two dashes are two signs unless white space or a control character follows, or nothing.
    opening: /#|\/\*|--(?![!-\uffff])|['"`]/g,
    closing: fixed({ "'": untilUnescaped("'"), '"': untilUnescaped('"'), '`': until('`') }),
  },
  // https://www.sqlite.org/lang_comment.html
  sqlite: {
    opening: /--|\/\*|['"`[]/g,
    closing: fixed({ "'": until("'"), '"': until('"'), '`': until('`'), '[': until(']') }),
  },
};

/**
 * Finds the place for a comment in a SQL text: behind the last statement, before the semicolons and white space at its end.
 *
 * @returns the position; `undefined` when there is no statement, when there is a comment already, or when quoted text has no
 * end, so that the server complains of what it was given.
 */
export function commentPosition(sql: string, dialect: SqlDialect): number | undefined {
  const end = lengthWithoutTail(sql);
  return end > 0 && isClean(sql, grammars[dialect]) ? end : undefined;
}

/** Checks that a text has no comment, and that every quotation ends. */
function isClean(sql: string, { opening, closing }: Grammar): boolean {
  opening.lastIndex = 0;
  for (let found = opening.exec(sql); found !== null; found = opening.exec(sql)) {
    const end = closing(found[0])?.(sql, opening.lastIndex) ?? -1;
    if (end === -1) return false;
    opening.lastIndex = end;
  }
  return true;
}

/** Only what all dialects take for white space: other kinds may be part of a name. */
function lengthWithoutTail(sql: string): number {
  let end = sql.length;
  while (end > 0 && ' \t\r\n\f\v;'.includes(sql.charAt(end - 1))) end -= 1;
  return end;
}
