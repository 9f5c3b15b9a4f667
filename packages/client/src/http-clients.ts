import { diag } from '@opentelemetry/api';
import { guardedHook } from '@otel-middleware/core/internal';
import type { ChannelListeners } from './channels.js';
import { subscribe } from './channels.js';
import { publishDefaultAgents, publishesRequests } from './default-agents.js';
import { HttpClientInstrumentation } from './instrumentation.js';
import { nodeHttpListeners, unseenListeners } from './node-http.js';
import type { HttpClientOptions } from './options.js';
import { undiciListeners } from './undici.js';

/** The HTTP clients of a process, as long as they are instrumented. */
export interface InstrumentedHttpClients {
  /** Starts no span any more and puts back what was there; the spans of requests under way still end. */
  disable(): void;
}

/**
 * Makes a client span of every request that leaves a Node process through `fetch`, undici, `node:http` or `node:https`,
 * and so through axios, got and other clients above them.
 *
 * It listens to the diagnostics channels of Node and undici and patches no module. Each redirect and each retry is a span
 * of its own, which ends with the head of the response. Runtimes other than Node publish nothing of `fetch`.
 *
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure.
 */
export function instrumentHttpClients(options: HttpClientOptions = {}): InstrumentedHttpClients {
  const instrumentation = new HttpClientInstrumentation(options);
  if (!publishesFetch())
    diag.warn(
      'instrumentHttpClients sees no requests of fetch on this runtime: wrap it with instrumentFetch.',
    );
  const undici = undiciListeners(instrumentation);
  const nodeHttp = nodeHttpListeners(instrumentation);
  const undo = [subscribe(guarded({ ...undici.starts, ...nodeHttp.starts }))];
  if (!publishesRequests())
    undo.push(publishDefaultAgents(), subscribe(guarded(unseenListeners(instrumentation))));
  const ignoreEnds = subscribe(guarded({ ...undici.ends, ...nodeHttp.ends }));
  return {
    disable() {
      for (const each of undo) each();
      instrumentation.whenIdle(ignoreEnds);
    },
  };
}

/** Guards a listener: an error that it throws would end the process. */
function guarded(listeners: ChannelListeners): ChannelListeners {
  const entries = Object.entries(listeners).map(
    ([name, listener]) => [name, guardedHook<[never], void>(name, listener, undefined)] as const,
  );
  return Object.fromEntries(entries);
}

function publishesFetch(): boolean {
  return (
    (globalThis as { process?: { versions?: { undici?: string } } }).process?.versions?.undici !== undefined
  );
}
