import type { TraceState } from '@opentelemetry/api';

const MAX_MEMBERS = 32;
const KEY = '[a-z0-9][a-z0-9_\\-*/@]{0,255}';
const VALUE = '[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]';
const LEGAL_KEY = new RegExp(`^${KEY}$`);
const LEGAL_VALUE = new RegExp(`^${VALUE}$`);
/** A member, or none, with the white space around it and all the commas behind it. */
const MEMBER = new RegExp(`[\\t ]*(?:(${KEY})=(${VALUE})[\\t ]*)?(?:,[\\t ,]*|$)`, 'y');

type Members = ReadonlyMap<string, string>;

/**
 * The members of a `tracestate` header by the grammar of Trace Context Level 2, first the one that was
 * changed last.
 *
 * A header that breaks any rule counts as empty: half a list would misstate the way that the trace took.
 * Empty members are skipped and do not count towards the limit of 32. Nothing is shortened: the grammar
 * itself ends a list at 16,447 characters. The header is read when first needed, and written at most once.
 *
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-header
 */
export class MemberList implements TraceState {
  readonly #source: string | Members;
  #members: Members | undefined;
  #header: string | undefined;

  /** Takes header fields, several of them joined with commas, or members that are known to be legal. */
  constructor(source: string | Members) {
    this.#source = source;
  }

  get(key: string): string | undefined {
    return this.#list().get(key);
  }

  /** Puts the member first and drops the last one beyond 32; an illegal key or value changes nothing. */
  set(key: string, value: string): TraceState {
    if (!LEGAL_KEY.test(key) || !LEGAL_VALUE.test(value)) return this;
    const others = [...this.#list()].filter(([name]) => name !== key);
    return new MemberList(new Map([[key, value] as const, ...others].slice(0, MAX_MEMBERS)));
  }

  unset(key: string): TraceState {
    return new MemberList(new Map([...this.#list()].filter(([name]) => name !== key)));
  }

  serialize(): string {
    this.#header ??= Array.from(this.#list(), ([key, value]) => `${key}=${value}`).join(',');
    return this.#header;
  }

  #list(): Members {
    this.#members ??= typeof this.#source === 'string' ? parse(this.#source) : this.#source;
    return this.#members;
  }
}

function parse(header: string): Members {
  const members = new Map<string, string>();
  MEMBER.lastIndex = 0;
  do {
    const member = MEMBER.exec(header);
    if (member === null) return new Map();
    const [, key, value] = member;
    if (key === undefined || value === undefined) continue;
    if (members.has(key) || members.size === MAX_MEMBERS) return new Map();
    members.set(key, value);
  } while (MEMBER.lastIndex < header.length);
  return members;
}
