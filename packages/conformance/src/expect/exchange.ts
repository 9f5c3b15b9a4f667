import type { EndpointName } from '../fixture/endpoints.js';

/** A request as a client sent it; header names are in lower case, repeated fields in one array. */
export interface SentRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1' | '2';
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** One request and what came of it, as the client saw it. */
export interface Exchange {
  /** The endpoint that was asked, where it was one. */
  readonly endpoint?: EndpointName | undefined;
  readonly sent: SentRequest;
  /** The client's end of the connection; `undefined` on a unix socket. */
  readonly client: { readonly address: string; readonly port: number } | undefined;
  /** The final status code; `undefined` when no head arrived. */
  readonly status: number | undefined;
  /** Status codes of informational responses. */
  readonly informational: readonly number[];
  /** Names in lower case; repeated fields in one array. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** False when the connection broke before the response was complete. */
  readonly complete: boolean;
}

/** The parts of a request that a test chooses. */
export interface RequestInit {
  /** The endpoint that the target belongs to, which says what route is expected. */
  readonly endpoint?: EndpointName;
  readonly method?: string;
  /** Replaces or adds headers; names are sent as written. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent with its length; an array is sent chunk by chunk, with a pause before each. */
  readonly body?: string | readonly string[];
}

/** The user agent that the client names where a test gives none. */
export const USER_AGENT = 'conformance/1.0';
