import type { FamilySuite } from '../register-tests.js';
import { attribute } from './attribute.js';
import { attributeAddresses } from './attribute-addresses.js';
import { attributeOptIn } from './attribute-opt-in.js';
import { requestContext } from './context.js';
import { error } from './error.js';
import { errorConnection } from './error-connection.js';
import { exclude } from './exclude.js';
import { header } from './header.js';
import { hook } from './hook.js';
import { life } from './life.js';
import { lifeConnection } from './life-connection.js';
import { message } from './message.js';
import { metric } from './metric.js';
import { metricOptIn } from './metric-opt-in.js';
import { nested } from './nested.js';
import { noSdk } from './no-sdk.js';
import { contextPropagation } from './propagation.js';
import { propagationResponse } from './propagation-response.js';
import { robust } from './robust.js';
import { route } from './route.js';
import { span } from './span.js';
import { status } from './status.js';
import { traceContext } from './trace-context.js';

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
