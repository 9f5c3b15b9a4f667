import type { FamilySuite } from './registration.js';
import { attribute } from './suite/attribute.js';
import { attributeAddresses } from './suite/attribute-addresses.js';
import { attributeOptIn } from './suite/attribute-opt-in.js';
import { requestContext } from './suite/context.js';
import { error } from './suite/error.js';
import { errorConnection } from './suite/error-connection.js';
import { exclude } from './suite/exclude.js';
import { header } from './suite/header.js';
import { hook } from './suite/hook.js';
import { life } from './suite/life.js';
import { lifeConnection } from './suite/life-connection.js';
import { message } from './suite/message.js';
import { metric } from './suite/metric.js';
import { metricOptIn } from './suite/metric-opt-in.js';
import { nested } from './suite/nested.js';
import { noSdk } from './suite/no-sdk.js';
import { contextPropagation } from './suite/propagation.js';
import { propagationResponse } from './suite/propagation-response.js';
import { robust } from './suite/robust.js';
import { route } from './suite/route.js';
import { span } from './suite/span.js';
import { status } from './suite/status.js';
import { traceContext } from './suite/trace-context.js';

/** The suite of every family that server adapters share. */
export const families: readonly FamilySuite[] = [
  ...[
    span,
    route,
    attribute,
    attributeAddresses,
    attributeOptIn,
    status,
    error,
    errorConnection,
    life,
    lifeConnection,
  ],
  ...[
    requestContext,
    contextPropagation,
    propagationResponse,
    traceContext,
    nested,
    exclude,
    header,
    hook,
    message,
    metric,
    metricOptIn,
    noSdk,
    robust,
  ],
];
