import { attributesOf } from './trace-tree.js';

/**
 * The duration histograms of OTLP/JSON payloads as they were last told, one row per service and set of attributes.
 *
 * @param {string} metric - `http.server.request.duration` or another histogram in seconds.
 */
export function histogramRows(payloads, metric) {
  const rows = new Map();
  for (const { resource, scopeMetrics } of payloads.flatMap(({ resourceMetrics = [] }) => resourceMetrics)) {
    const service = attributesOf(resource)['service.name'];
    for (const { name, histogram } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      if (name !== metric) continue;
      for (const point of histogram.dataPoints) {
        const attributes = attributesOf(point);
        // Counts are cumulative, so that a later point takes the place of an earlier one.
        rows.set(JSON.stringify([service, attributes]), {
          service,
          attributes,
          count: Number(point.count),
          seconds: point.sum,
        });
      }
    }
  }
  return [...rows.values()];
}
