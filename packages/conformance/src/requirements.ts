import type { Requirement } from './requirement.js';
import { attr } from './requirements/attr.js';
import { client } from './requirements/client.js';
import { ctx } from './requirements/ctx.js';
import { error } from './requirements/error.js';
import { excl } from './requirements/excl.js';
import { hdr } from './requirements/hdr.js';
import { hook } from './requirements/hook.js';
import { life } from './requirements/life.js';
import { met } from './requirements/met.js';
import { msg } from './requirements/msg.js';
import { nest } from './requirements/nest.js';
import { noop } from './requirements/noop.js';
import { prop } from './requirements/prop.js';
import { rob } from './requirements/rob.js';
import { route } from './requirements/route.js';
import { span } from './requirements/span.js';
import { sql } from './requirements/sql.js';
import { status } from './requirements/status.js';
import { ws } from './requirements/ws.js';

/** Every requirement, family by family. */
export const requirements: readonly Requirement[] = [
  ...[span, route, attr, status, error, life, ctx, prop, nest].flat(),
  ...[excl, hdr, hook, msg, met, noop, rob, ws, client, sql].flat(),
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
