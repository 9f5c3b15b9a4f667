import type { Gaps } from '../driver/adapter.js';
import type { Requirement } from '../requirements/requirement.js';

/** Facts about a package's tests. */
export interface TestedPackage {
  /** The folder's name under `packages`. */
  readonly name: string;
  /** True when it runs the suite. */
  readonly runsSuite: boolean;
  /** The ids that titles of its tests cite. */
  readonly cited: readonly string[];
  /** Its tests that never run. */
  readonly skipped: readonly string[];
  /** The gaps that its `test/gaps.ts` declares. */
  readonly gaps: Gaps;
}

/** The findings of the gate. */
export interface Verdict {
  /** Why the gate is shut; nothing when it is open. */
  readonly faults: readonly string[];
  /** Requirements that wait for a package that does not exist yet. */
  readonly pending: readonly string[];
}

/**
 * Packages whose tests prove what the suite cannot, for every adapter, since each of them runs on their code.
 */
const FOUNDATIONS = ['core', 'conformance'];

/**
 * Judges whether every requirement of every package that exists is proved.
 *
 * @param requirements - all of them.
 * @param bySuite - the ids that the suite proves for each package that runs it; no test of another package
 *   can stand in for that.
 * @param packages - the packages that exist.
 */
export function judge(
  requirements: readonly Requirement[],
  bySuite: ReadonlySet<string>,
  packages: readonly TestedPackage[],
): Verdict {
  const known = new Set(requirements.map(({ id }) => id));
  const foundations = packages.filter(({ name }) => FOUNDATIONS.includes(name)).flatMap(({ cited }) => cited);
  const isProved = (id: string, { runsSuite, cited }: TestedPackage): boolean =>
    cited.includes(id) || (bySuite.has(id) ? runsSuite : foundations.includes(id));
  const faults = packages.flatMap((tested) => faultsOf(tested, known));
  for (const id of bySuite)
    if (!known.has(id)) faults.push(`The suite cites ${id}, which is no requirement.`);
  const pending: string[] = [];
  for (const { id, adapters } of requirements) {
    for (const adapter of adapters) {
      const tested = packages.find(({ name }) => name === adapter);
      if (tested === undefined) pending.push(`${adapter}: ${id}`);
      else if (!isProved(id, tested)) {
        faults.push(
          `No test proves ${id} for ${adapter}. Run the suite, or write a test whose title holds [${id}].`,
        );
      }
    }
  }
  return { faults, pending };
}

function faultsOf({ name, cited, skipped, gaps }: TestedPackage, known: ReadonlySet<string>): string[] {
  const ids = Object.keys(gaps).map((key) => /^\[([^\]]+)\]/.exec(key)?.[1] ?? key);
  return [
    ...[...new Set(cited)]
      .filter((id) => !known.has(id))
      .map((id) => `A test of ${name} cites ${id}, which is no requirement.`),
    ...skipped.map(
      (call) => `A test of ${name} never runs (${call}). Declare a gap with its reason instead.`,
    ),
    ...ids
      .filter((id) => !known.has(id))
      .map((id) => `The gaps of ${name} name ${id}, which is no requirement.`),
    ...Object.entries(gaps)
      .filter(([, reason]) => reason.trim() === '')
      .map(([key]) => `The gap ${key} of ${name} has no reason.`),
  ];
}
