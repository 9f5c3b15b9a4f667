import { parentPort } from 'node:worker_threads';
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('background');

parentPort.on('message', (message) => {
  if (message === 'end') return parentPort.close();
  const { id, job, headers } = message;
  const parent = propagation.extract(ROOT_CONTEXT, headers);
  tracer.startActiveSpan('resize', {}, parent, (span) => {
    span.setAttribute('image.id', job.resize);
    parentPort.postMessage({ id, result: { resized: job.resize } });
    span.end();
  });
});
