import type { Requirement } from './requirement.js';
import { attribute } from './requirements/attribute.js';
import { client } from './requirements/client.js';
import { requestContext } from './requirements/context.js';
import { error } from './requirements/error.js';
import { exclude } from './requirements/exclude.js';
import { header } from './requirements/header.js';
import { hook } from './requirements/hook.js';
import { life } from './requirements/life.js';
import { message } from './requirements/message.js';
import { metric } from './requirements/metric.js';
import { nested } from './requirements/nested.js';
import { noSdk } from './requirements/no-sdk.js';
import { propagation } from './requirements/propagation.js';
import { robust } from './requirements/robust.js';
import { route } from './requirements/route.js';
import { span } from './requirements/span.js';
import { sql } from './requirements/sql.js';
import { status } from './requirements/status.js';
import { ws } from './requirements/ws.js';

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
