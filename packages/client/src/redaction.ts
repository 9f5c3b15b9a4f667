import { queryRedaction } from '@otel-middleware/core/internal';

/**
 * Compiles the redaction of `url.full`: credentials and the values of sensitive query keys become `REDACTED`, all other
 * bytes stay.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
 */
export function urlRedaction(): (url: string) => string {
  const redactQuery = queryRedaction();
  return (url) => {
    const [, target = '', query, fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(url) ?? [];
    const shown = target.replace(/^([^/]*\/\/)[^/]*@/, '$1REDACTED:REDACTED@');
    return query === undefined ? shown + fragment : `${shown}?${redactQuery(query)}${fragment}`;
  };
}

/** Takes credentials and whole queries out of a text, such as the message of an error that quotes a URL. */
export function redactText(text: string): string {
  return text.replace(/(?<=\/\/)[^\s/?#]*@/g, 'REDACTED:REDACTED@').replace(/\?[^\s?]\S*/g, '?REDACTED');
}
