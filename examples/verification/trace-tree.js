const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const SHOWN =
  /^(?:http\.route|http\.response\.status_code|error\.type|http\.(?:request|response)\.header\..*)$/;

/** All spans of OTLP/JSON payloads, flat, with their service's name and their attributes as an object. */
export function spansOf(payloads) {
  return payloads
    .flatMap(({ resourceSpans = [] }) => resourceSpans)
    .flatMap(({ resource, scopeSpans }) => {
      const service = attributesOf(resource)['service.name'];
      return scopeSpans.flatMap(({ spans }) =>
        spans.map((span) => ({ ...span, service, attributes: attributesOf(span) })),
      );
    });
}

/**
 * The spans of one or more traces as an indented tree: kind, name, duration and the attributes that matter most.
 *
 * @param {{ durations?: boolean }} options - without durations two runs give the same text.
 */
export function traceTree(spans, { durations = true } = {}) {
  const known = new Set(spans.map((span) => span.spanId));
  const roots = inOrder(spans.filter((span) => !known.has(span.parentSpanId)));
  return roots.map((root) => branch(root, spans, '', durations)).join('\n');
}

function branch(span, spans, indent, durations) {
  const children = inOrder(spans.filter((other) => other.parentSpanId === span.spanId));
  const below = children.map((child, index) => {
    const last = index === children.length - 1;
    return `${indent}${last ? '└─ ' : '├─ '}${branch(child, spans, indent + (last ? '   ' : '│  '), durations)}`;
  });
  return [line(span, durations), ...below].join('\n');
}

function line(span, durations) {
  const milliseconds = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
  const attributes = Object.entries(span.attributes)
    .filter(([name]) => SHOWN.test(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort();
  const name = [KINDS[span.kind], span.name, ...(durations ? [`${milliseconds.toFixed(1)} ms`] : [])].join(
    ' ',
  );
  return [name, `[${span.service}]`, ...attributes].join('  ');
}

function inOrder(spans) {
  return spans.sort((a, b) => (BigInt(a.startTimeUnixNano) < BigInt(b.startTimeUnixNano) ? -1 : 1));
}

function attributesOf({ attributes = [] } = {}) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue({ stringValue, intValue, doubleValue, boolValue, arrayValue }) {
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(plainValue);
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue;
}
