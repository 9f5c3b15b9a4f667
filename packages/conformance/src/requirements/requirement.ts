/** The packages that requirements are made of; each is a folder under `packages`. */
export type AdapterName =
  | 'express'
  | 'fastify'
  | 'koa'
  | 'hono'
  | 'node-http'
  | 'fetch-handler'
  | 'ws'
  | 'client'
  | 'sqlcommenter';

/**
 * Everything that runs the suite. `fifth` is the framework of `packages/template`: it has to do what every
 * framework with a router has to, and has no column in the table, since it does not exist.
 */
export type AdapterUnderTest = AdapterName | 'fifth';

/** One thing that an adapter has to do, with the document that asks for it. */
export interface Requirement {
  /** `family:name`, by which tests cite it. */
  readonly id: string;
  readonly family: string;
  readonly text: string;
  /** The convention, recommendation or RFC behind it; absent where it is this project's own promise. */
  readonly source?: string | undefined;
  readonly adapters: readonly AdapterName[];
}

/**
 * Requirements of one family as they are written down: text, source, and adapters where they differ from the
 * family's.
 */
export type FamilyTable = Readonly<
  Record<string, readonly [text: string, source?: string | undefined, adapters?: readonly AdapterName[]]>
>;

/** The frameworks that have a router. */
export const FRAMEWORKS: readonly AdapterName[] = ['express', 'fastify', 'koa', 'hono'];

/** Everything that makes server spans of requests. */
export const SERVERS: readonly AdapterName[] = [...FRAMEWORKS, 'node-http', 'fetch-handler'];

/** Returns true when an adapter has to meet a requirement. */
export function appliesTo({ adapters }: Requirement, adapter: AdapterUnderTest): boolean {
  return adapter === 'fifth'
    ? FRAMEWORKS.every((framework) => adapters.includes(framework))
    : adapters.includes(adapter);
}

/** Turns the table of a family into requirements. */
export function family(
  name: string,
  adapters: readonly AdapterName[],
  table: FamilyTable,
): readonly Requirement[] {
  return Object.entries(table).map(([key, [text, source, own = adapters]]) => ({
    id: `${name}:${key}`,
    family: name,
    text,
    source,
    adapters: own,
  }));
}
