/** The kinds of spans by their number in OTLP. */
export const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUSES = ['UNSET', 'OK', 'ERROR'];
const SHOWN =
  /^(?:http\.route|http\.response\.status_code|error\.type|http\.(?:request|response)\.header\..*)$/;

/** All spans of OTLP/JSON payloads, flat, with the names of their service and scope, and their attributes as an object. */
export function spansOf(payloads) {
  return payloads
    .flatMap(({ resourceSpans = [] }) => resourceSpans)
    .flatMap(({ resource, scopeSpans }) => {
      const service = attributesOf(resource)['service.name'];
      return scopeSpans.flatMap(({ scope, spans }) =>
        spans.map((span) => ({ ...span, service, scope: scope.name, attributes: attributesOf(span) })),
      );
    });
}

/**
 * The spans of one or more traces as an indented tree: kind, name, duration, a status that is set, and the attributes
 * that matter most.
 *
 * @param {{ durations?: boolean }} options - without durations two runs give the same text.
 */
export function traceTree(spans, { durations = true } = {}) {
  return branchesOf(spans)
    .map(({ span, indent }) => indent + [line(span, durations), ...linksOf(span, spans)].join('  '))
    .join('\n');
}

/** The spans of one or more traces, parents before their children, each with the branch that leads to it. */
export function branchesOf(spans) {
  const roots = inOrder(spans.filter((span) => !spans.some((other) => isParent(other, span))));
  return roots.flatMap((root) => branch(root, spans, '', ''));
}

function branch(span, spans, indent, below) {
  const children = inOrder(spans.filter((other) => isParent(span, other)));
  return [
    { span, indent },
    ...children.flatMap((child, index) => {
      const last = index === children.length - 1;
      return branch(child, spans, below + (last ? '└─ ' : '├─ '), below + (last ? '   ' : '│  '));
    }),
  ];
}

function isParent({ traceId, spanId }, child) {
  return child.parentSpanId === spanId && child.traceId === traceId;
}

function line(span, durations) {
  const milliseconds = millisecondsOf(span);
  const attributes = Object.entries(span.attributes)
    .filter(([name]) => SHOWN.test(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort();
  const name = [KINDS[span.kind], span.name, ...(durations ? [`${milliseconds.toFixed(1)} ms`] : [])].join(
    ' ',
  );
  const status = STATUSES[span.status.code ?? 0];
  return [name, `[${span.service}]`, ...(status === 'UNSET' ? [] : [status]), ...attributes].join('  ');
}

/** The spans that a span is linked to, as far as they are known, by service and name. */
function linksOf({ links = [] }, spans) {
  return links
    .flatMap((link) => spans.filter(({ spanId }) => spanId === link.spanId))
    .map(({ service, name }) => `→ [${service}] ${name}`);
}

/** The duration of a span, in milliseconds. */
export function millisecondsOf(span) {
  return Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
}

function inOrder(spans) {
  // Spans that began at the same time stay as they came.
  return spans.sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
}

/** The attributes of a resource, a span or a data point as an object. */
export function attributesOf({ attributes = [] } = {}) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue({ stringValue, intValue, doubleValue, boolValue, arrayValue }) {
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(plainValue);
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue;
}
