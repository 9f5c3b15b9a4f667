import { branchesOf, histogramRows, KINDS, millisecondsOf } from '@otel-middleware/example-verification';

const WIDTH = 24;
const colour = (code) => (text) => (process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
const [dim, red, cyan] = [2, 31, 36].map(colour);

/** The spans of one trace as a tree, each with its service, status, and where its time lies in that of the trace. */
export function waterfall(spans) {
  const branches = branchesOf(spans);
  // Texts of one length, which sort as their numbers do.
  const times = spans.flatMap((span) => [span.startTimeUnixNano, span.endTimeUnixNano]).sort();
  const start = BigInt(times.at(0));
  const end = BigInt(times.at(-1));
  const column = widths(branches.map(({ span, indent }) => [span.service, indent + title(span)]));
  return branches
    .map(({ span, indent }) => {
      const failed = span.attributes['error.type'] !== undefined;
      const name = (indent + title(span)).padEnd(column[1]);
      return [
        cyan(span.service.padEnd(column[0])),
        failed ? red(name) : name,
        String(span.attributes['http.response.status_code'] ?? '').padEnd(3),
        `${millisecondsOf(span).toFixed(1).padStart(7)} ms`,
        dim(bar(span, start, end)),
      ].join('  ');
    })
    .join('\n');
}

function title({ kind, name }) {
  return `${KINDS[kind]} ${name}`;
}

function bar({ startTimeUnixNano, endTimeUnixNano }, start, end) {
  const at = (time) => Math.round((Number(BigInt(time) - start) / Number(end - start || 1n)) * WIDTH);
  const from = Math.min(at(startTimeUnixNano), WIDTH - 1);
  const length = Math.max(1, at(endTimeUnixNano) - from);
  return '·'.repeat(from) + '█'.repeat(length) + '·'.repeat(WIDTH - from - length);
}

/** `http.server.request.duration` of all services as a table by route and status. */
export function metricsTable(payloads) {
  const rows = histogramRows(payloads, 'http.server.request.duration')
    .map(({ service, attributes, count, seconds }) => [
      service,
      attributes['http.route'] ?? '(no route)',
      String(attributes['http.response.status_code']),
      String(count),
      `${((seconds * 1000) / count).toFixed(1)} ms`,
    ])
    .sort((a, b) => a.join().localeCompare(b.join()));
  const table = [['service', 'route', 'status', 'requests', 'mean'], ...rows];
  const column = widths(table);
  return table
    .map((cells, index) => {
      const padded = cells.map((cell, at) => (at < 2 ? cell.padEnd(column[at]) : cell.padStart(column[at])));
      return index === 0 ? dim(padded.join('  ')) : padded.join('  ');
    })
    .join('\n');
}

function widths(rows) {
  return rows[0].map((_cell, at) => Math.max(...rows.map((cells) => cells[at].length)));
}
