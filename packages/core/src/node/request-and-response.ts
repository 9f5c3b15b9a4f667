/**
 * A request of Node's `http` or `http2` (compatibility API), by the parts that we read. Structural, so that packages which run
 * without Node can name it.
 */
export interface NodeRequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly socket: {
    readonly remoteAddress?: string | undefined;
    readonly remotePort?: number | undefined;
    readonly localAddress?: string | undefined;
    readonly localPort?: number | undefined;
    readonly destroyed?: boolean;
    readonly errored?: Error | null;
    readonly readableEnded?: boolean;
    once(event: 'close', listener: () => void): unknown;
  };
}

/** A response of Node's `http` or `http2` (compatibility API), by the parts that we read. */
export interface NodeResponseLike {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  getHeader(name: string): unknown;
  getHeaderNames(): string[];
  on(event: 'close' | 'finish', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  prependListener(event: 'close', listener: () => void): unknown;
}
