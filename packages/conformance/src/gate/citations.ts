import { requirements } from '../requirements/all.js';
import { families } from '../suite/families/all.js';
import type { Requires } from '../suite/register-tests.js';

const FAMILIES = [...new Set(requirements.map(({ family }) => family))].join('|');
const BRACKETED = /[[(]([^\])]*)[\])]/g;
const ID = new RegExp(`^(?:${FAMILIES}):[a-z0-9-]+$`);
const STRING = /(['"`])(?:\\.|(?!\1)[^\\])*?\1/gs;
const COMMENT = /^\s*(?:\/\/|\/?\*).*$/gm;

/** The ids that the suite's own tests prove, and their names. */
export function suiteCitations(): ReadonlySet<string> {
  const ids = new Set<string>();
  const note: Requires = (cited) => {
    for (const id of [cited].flat()) ids.add(id);
  };
  for (const family of families) family(note);
  return ids;
}

/**
 * The ids that the titles of a test file cite, as `[family:id]` or `(family:id, family:id)`; not those in
 * comments.
 */
export function citationsIn(source: string): readonly string[] {
  const titles = source.replace(COMMENT, '').match(STRING) ?? [];
  return titles
    .flatMap((title) => [...title.matchAll(BRACKETED)])
    .flatMap(([, ids = '']) => ids.split(/,\s*/))
    .filter((id) => ID.test(id));
}

/** Tests of a file that never run. */
export function skippedIn(source: string): readonly string[] {
  return (
    source
      .replace(COMMENT, '')
      .match(/\b(?:(?:test|it|describe)\.(?:skip|todo)|x(?:test|it|describe))\s*[.(]/g) ?? []
  );
}
