import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly template?: string;
}
export type Middleware = (exchange: Exchange, next: () => Promise<void>) => Promise<void>;
