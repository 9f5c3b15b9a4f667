/** The version of the API that holds the globals; `undefined` while nothing is registered. */
export function loadedApiVersion(): string | undefined {
  const key = Symbol.for('opentelemetry.js.api.1');
  return (globalThis as { [key]?: { version?: string } })[key]?.version;
}
