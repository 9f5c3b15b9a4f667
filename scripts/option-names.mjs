// The names of the options that the built packages take, from the errors with which they refuse an unknown one.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.mjs';

/** A call of each package with options, which come to be checked before anything else is done. */
const calls = {
  express: ({ opentelemetry }, options) => opentelemetry(options),
  fastify: ({ opentelemetry }, options) => opentelemetry({}, options),
  koa: ({ opentelemetry }, options) => opentelemetry(options),
  hono: ({ opentelemetry }, options) => opentelemetry(options),
  'fetch-handler': ({ instrumentHandler }, options) => instrumentHandler(() => {}, options),
  'node-http': ({ instrumentListener }, options) => instrumentListener(() => {}, options),
  ws: ({ instrumentWebSocketServer }, options) => instrumentWebSocketServer({ handleUpgrade() {} }, options),
  client: ({ instrumentFetch }, options) => instrumentFetch(fetch, options),
  sdk: ({ initTelemetry }, options) => initTelemetry(options),
  sqlcommenter: ({ commentQuery }, options) => commentQuery('SELECT 1', options),
};

/** The names of the options that a package takes. Throws when it does not tell them. */
export async function acceptedOptions(name) {
  const call = calls[name];
  if (call === undefined)
    throw new Error(`packages/${name}: add a call with options to scripts/option-names.mjs`);
  const exported = await import(pathToFileURL(join(root, 'packages', name, 'dist/esm/index.js')));
  try {
    await call(exported, { 'no such option': true });
  } catch (error) {
    const names = /use one of (?<names>[\w, ]+)\.$/.exec(error.message)?.groups.names;
    if (names !== undefined) return names.split(', ');
    throw error;
  }
  throw new Error(`packages/${name}: an unknown option is not refused`);
}
