import { bindPrototype, findContext } from '@otel-middleware/node-http';
import type { Application } from './routes/express-internals.js';

const bound = new WeakSet<Application>();

/**
 * Has the events of all requests and responses of an application call their listeners in the context of the request.
 *
 * On the prototypes of the application, which Express lets everybody extend: to put the methods on a request whose prototype
 * has been changed takes V8 two microseconds for each, before Node 24. An application that is called by a handler of this one,
 * and not mounted, gives the request prototypes of its own, and its listeners run in no context.
 */
export function bindEvents(app: Application): void {
  if (bound.has(app)) return;
  bound.add(app);
  bindPrototype(app.request, findContext);
  bindPrototype(app.response, ({ req }) => (req === undefined ? undefined : findContext(req)));
}
