import type { FamilySuite } from './registration.js';
import { attr } from './suite/attr.js';
import { attrAddresses } from './suite/attr-addresses.js';
import { attrOptIn } from './suite/attr-opt-in.js';
import { ctx } from './suite/ctx.js';
import { error } from './suite/error.js';
import { errorConnection } from './suite/error-connection.js';
import { excl } from './suite/excl.js';
import { hdr } from './suite/hdr.js';
import { hook } from './suite/hook.js';
import { life } from './suite/life.js';
import { lifeConnection } from './suite/life-connection.js';
import { met } from './suite/met.js';
import { metOptIn } from './suite/met-opt-in.js';
import { msg } from './suite/msg.js';
import { nest } from './suite/nest.js';
import { noop } from './suite/noop.js';
import { prop } from './suite/prop.js';
import { propResponse } from './suite/prop-response.js';
import { rob } from './suite/rob.js';
import { route } from './suite/route.js';
import { span } from './suite/span.js';
import { status } from './suite/status.js';
import { traceContext } from './suite/trace-context.js';

/** The suite of every family that server adapters share. */
export const families: readonly FamilySuite[] = [
  ...[span, route, attr, attrAddresses, attrOptIn, status, error, errorConnection, life, lifeConnection],
  ...[ctx, prop, propResponse, traceContext, nest, excl, hdr, hook, msg, met, metOptIn, noop, rob],
];
