// Puts the packages of the SDK's line 3 in the place of those of line 2: `node --import ./sdk-3.js macro.js`, on Node 22.15 and
// later. The API is replaced for everybody, the rest for the benchmarks alone.
import { registerHooks } from 'node:module';

const folder = new URL('./', import.meta.url).href;
const here = {
  '@opentelemetry/context-async-hooks': 'opentelemetry-context-async-hooks-3',
  '@opentelemetry/core': 'opentelemetry-core-3',
  '@opentelemetry/instrumentation': 'opentelemetry-instrumentation-0.301',
  '@opentelemetry/instrumentation-express': 'opentelemetry-instrumentation-express-0.72',
  '@opentelemetry/instrumentation-http': 'opentelemetry-instrumentation-http-0.301',
  '@opentelemetry/instrumentation-koa': 'opentelemetry-instrumentation-koa-0.72',
  '@opentelemetry/sdk-metrics': 'opentelemetry-sdk-metrics-3',
  '@opentelemetry/sdk-trace-node': 'opentelemetry-sdk-trace-3',
};

registerHooks({
  resolve(specifier, context, next) {
    const mine = context.parentURL?.startsWith(folder) && !context.parentURL.includes('/node_modules/');
    let replacement = mine ? here[specifier] : undefined;
    if (specifier === '@opentelemetry/api') replacement = 'opentelemetry-api-1.10';
    if (replacement === undefined) return next(specifier, context);
    return next(replacement, { ...context, parentURL: import.meta.url });
  },
});
