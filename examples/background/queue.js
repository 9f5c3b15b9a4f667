// A job queue in the terms of the conventions for messaging; whatever stores the jobs, only what is in them travels.
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('background');
const jobs = [];

/** Puts a job into the queue, with the trace that it comes from. */
export function send(queue, body) {
  const options = { kind: SpanKind.PRODUCER, attributes: attributesOf(queue, 'send') };
  tracer.startActiveSpan(`send ${queue}`, options, (span) => {
    const headers = {};
    propagation.inject(context.active(), headers);
    jobs.push({ headers, body });
    span.end();
  });
}

/** Takes one job after the other; each is a trace of its own, linked to the one that it comes from. */
export function consume(queue, work) {
  const next = async () => {
    const job = jobs.shift();
    if (job !== undefined) await process(queue, job, work);
  };
  setInterval(next, 10).unref();
}

function process(queue, { headers, body }, work) {
  const sender = propagation.extract(ROOT_CONTEXT, headers);
  const options = {
    root: true,
    kind: SpanKind.CONSUMER,
    links: [{ context: trace.getSpanContext(sender) }],
    attributes: attributesOf(queue, 'process'),
  };
  return tracer.startActiveSpan(`process ${queue}`, options, sender, async (span) => {
    try {
      await work(body);
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR });
    } finally {
      span.end();
    }
  });
}

function attributesOf(queue, operation) {
  return {
    'messaging.system': 'in_memory',
    'messaging.destination.name': queue,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
  };
}
