import { diag } from '@opentelemetry/api';
import { readVariable } from '../otel/environment.js';

/** Splits a comma-separated list of patterns; commas inside `{}`, `[]` and `()` belong to a pattern. */
export function splitPatterns(list: string): string[] {
  const patterns: string[] = [];
  let depth = 0;
  let inClass = false;
  let start = 0;
  for (let index = 0; index < list.length; index++) {
    const character = list.charAt(index);
    if (character === '\\') index++;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '{' || character === '(') depth++;
    else if (character === '}' || character === ')') depth--;
    else if (character === ',' && depth <= 0) {
      patterns.push(list.slice(start, index));
      start = index + 1;
    }
  }
  patterns.push(list.slice(start));
  return patterns.map((pattern) => pattern.trim()).filter((pattern) => pattern !== '');
}

/** Reads a list of patterns; invalid ones are reported and left out, the others stay in force. */
export function readPatterns(variable: string): string[] | undefined {
  const value = readVariable(variable);
  if (value === undefined) return undefined;
  return splitPatterns(value).filter((pattern) => {
    try {
      return new RegExp(pattern) !== undefined;
    } catch (error) {
      warnOnce(`${variable} holds a pattern that is ignored: ${(error as Error).message}`);
      return false;
    }
  });
}

const warned = new Set<string>();

/** The environment is one for all instrumentations of a process, and so is a warning about it. */
function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  diag.warn(message);
}

/**
 * Compiles the patterns of an option.
 *
 * @throws TypeError when one of them is not a valid regular expression, naming owner, option, pattern and cure.
 */
export function compilePatterns<T>(owner: string, option: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    const reason = (error as Error).message;
    throw new TypeError(
      `${owner}: option "${option}" contains an invalid pattern: ${reason}. Escape special characters with a backslash.`,
      { cause: error },
    );
  }
}
