import type { SpanContext } from '@opentelemetry/api';
import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import { serverRequest } from '@otel-middleware/core';

/** The values of a comment, unencoded. */
export interface QueryTags {
  /** The name of the application. */
  application?: string;
  /** The framework that serves the request: `express`, `fastify`. */
  framework?: string;
  /** The template of the route that has matched. */
  route?: string;
  /** The W3C trace context of the active span, when it is sampled. */
  traceparent?: string;
  /** The state that vendors keep in that trace context, if any. */
  tracestate?: string;
}

/** The tags that are wanted. */
export interface TagRules {
  readonly application: string | undefined;
  /** A name is the same for every query; `true` asks the request. */
  readonly framework: string | boolean;
  readonly route: boolean;
  readonly traceparent: boolean;
  readonly tracestate: boolean;
}

/** The tags of a query that is made now. */
export function currentTags(rules: TagRules): QueryTags {
  const tags = constantTags(rules);
  if (rules.framework === true || rules.route) {
    const { framework, route } = serverRequest() ?? {};
    if (rules.framework === true && framework !== undefined) tags.framework = framework;
    if (rules.route && route !== undefined) tags.route = route;
  }
  if (rules.traceparent) addTraceContext(tags, rules, trace.getActiveSpan()?.spanContext());
  return tags;
}

/** The tags that are the same for every query, which do not make a prepared statement another one. */
export function constantTags({ application, framework }: TagRules): QueryTags {
  const tags: QueryTags = {};
  if (application !== undefined) tags.application = application;
  if (typeof framework === 'string') tags.framework = framework;
  return tags;
}

/** A trace that nobody records is not to be found, so nothing points at it. */
function addTraceContext(tags: QueryTags, rules: TagRules, span: SpanContext | undefined): void {
  if (span === undefined || !isSpanContextValid(span) || (span.traceFlags & TraceFlags.SAMPLED) === 0) return;
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0');
  tags.traceparent = `00-${span.traceId}-${span.spanId}-${flags}`;
  const state = rules.tracestate ? span.traceState?.serialize() : undefined;
  if (state) tags.tracestate = state;
}
