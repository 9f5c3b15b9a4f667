import { attribute } from './attribute.js';
import { client } from './client.js';
import { requestContext } from './context.js';
import { error } from './error.js';
import { exclude } from './exclude.js';
import { header } from './header.js';
import { hook } from './hook.js';
import { life } from './life.js';
import { message } from './message.js';
import { metric } from './metric.js';
import { nested } from './nested.js';
import { noSdk } from './no-sdk.js';
import { propagation } from './propagation.js';
import type { Requirement } from './requirement.js';
import { robust } from './robust.js';
import { route } from './route.js';
import { span } from './span.js';
import { sql } from './sql.js';
import { status } from './status.js';
import { ws } from './ws.js';

/** Every requirement, family by family. */
export const requirements: readonly Requirement[] = [
  ...[span, route, attribute, status, error, life, requestContext, propagation, nested].flat(),
  ...[exclude, header, hook, message, metric, noSdk, robust, ws, client, sql].flat(),
];

const byId: ReadonlyMap<string, Requirement> = new Map(requirements.map((one) => [one.id, one]));

/**
 * Looks a requirement up.
 *
 * @throws Error when there is none of that id.
 */
export function requirementOf(id: string): Requirement {
  const found = byId.get(id);
  if (found === undefined)
    throw new Error(`There is no requirement "${id}". Add it to src/requirements, or correct the id.`);
  return found;
}
