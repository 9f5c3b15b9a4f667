import type { Layer, Path } from '../express-internals.js';
import { attempt, unused } from './path-pattern.js';

/** The alternatives of an array of paths; early versions put them into a group. */
const GROUP = /^\(\?:(\^.*)\)$/;
const ALTERNATIVE = /\|(?=\^)/;
/** The beginning and end of every mount's expression. */
const BOUNDARY = /^\^|\\\/\?\(\?=\\\/\|\$\)$/g;
/** A parameter, with the slash or dot before it in or before its group. */
const PARAMETER = /(\\\/)?\(\?:(\\\/|\\\.)?(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))\)(\??)/g;
/** The expression of a parameter that has none of its own. */
const ANY_TEXT = /^\((\[\^|\(\?:\(\?!)/;

/**
 * The path that Express 4 has compiled to the expression of a mount, which is all that it keeps.
 *
 * It is a guess until the framework compiles it to the same expression. A path that cannot be guessed stays an expression,
 * as does one that was an expression from the first.
 */
export function decompiledPath({ keys = [], constructor: Layer }: Layer, regexp: RegExp): Path {
  const names = keys.map(({ name }) => name).filter((name) => typeof name === 'string');
  const paths = regexp.source
    .replace(GROUP, '$1')
    .split(ALTERNATIVE)
    .map((source) =>
      source
        .replace(BOUNDARY, '')
        .replace(PARAMETER, (_, before = '', within = '', text, optional) => {
          return `${before}${within}:${names.shift()}${ANY_TEXT.test(text) ? '' : text}${optional}`;
        })
        .replaceAll('(.*)', '*')
        .replaceAll(/\\([/.])/g, '$1'),
    );
  const path = paths.length === 1 ? String(paths[0]) : paths;
  const options = { sensitive: undefined, strict: false, end: false };
  return attempt(() => new Layer(path, options, unused).regexp?.source) === regexp.source ? path : regexp;
}
