declare module '@otel-middleware/example-verification' {
  /** Starts an OTLP/HTTP receiver on a free port of the loopback interface; it keeps every payload. */
  export function startReceiver(): Promise<{
    url: string;
    payloads: readonly object[];
    close(): Promise<void>;
  }>;
  /** All spans of OTLP/JSON payloads, flat, with the name of their scope and their attributes as an object. */
  export function spansOf(payloads: readonly object[]): object[];
}
