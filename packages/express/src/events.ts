import { emitWithinOperations, resumableOn } from '@otel-middleware/core/node';
import type { Application } from './router.js';

const bound = new WeakSet<Application>();

/**
 * Has the events of all requests and responses of an application call their listeners in the context of the request.
 *
 * On the prototypes of the application, which Express lets everybody extend: on a request whose prototype has been changed it
 * takes V8 two microseconds to add a listener that waits for others, before Node 24.
 */
export function bindEvents(app: Application): void {
  if (bound.has(app)) return;
  bound.add(app);
  emitWithinOperations(app.request, resumableOn);
  emitWithinOperations(app.response, ({ req }) => (req === undefined ? undefined : resumableOn(req)));
}
