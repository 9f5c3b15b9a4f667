import type { HeaderReader } from '@otel-middleware/core/internal';

/** Names and values of header fields, one pair for each line. */
export type HeaderLines = Iterable<readonly [name: string, value: string]>;

/** The header fields of one message, by name in any case; read from their source when they are first asked for. */
export class HeaderFields {
  readonly #lines: () => HeaderLines;
  #fields: Map<string, string[]> | undefined;

  constructor(lines: () => HeaderLines) {
    this.#lines = lines;
  }

  /** The value of a field, that of a repeated one joined by commas; `null` when it was not sent. */
  get(name: string): string | null {
    return this.fields().get(name.toLowerCase())?.join(', ') ?? null;
  }

  /** All fields by lower-case name. */
  fields(): ReadonlyMap<string, readonly string[]> {
    if (this.#fields !== undefined) return this.#fields;
    this.#fields = new Map();
    for (const [name, value] of this.#lines()) {
      const key = name.toLowerCase();
      const values = this.#fields.get(key);
      if (values === undefined) this.#fields.set(key, [value]);
      else values.push(value);
    }
    return this.#fields;
  }
}

/** Pairs up the flat list in which clients keep header lines; a value may be a list, and all may be bytes. */
export function* pairs(flat: readonly unknown[]): Generator<readonly [string, string]> {
  for (let index = 0; index < flat.length; index += 2) {
    for (const value of [flat[index + 1]].flat()) yield [text(flat[index]), text(value)];
  }
}

/** Reads captured headers. */
export const headerFields: HeaderReader<HeaderFields> = {
  keys: (headers) => [...headers.fields().keys()],
  headerValues: (headers, name) => headers.fields().get(name)?.slice(),
};

function text(bytes: unknown): string {
  return (bytes as { toString(encoding?: 'latin1'): string }).toString('latin1');
}
