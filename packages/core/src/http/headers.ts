import type { Attributes } from '@opentelemetry/api';

/** Header names: exact ones, or regular expressions that match a whole name; case never matters. */
export type HeaderNames = readonly (string | RegExp)[];

/** The captured headers of a message and their attribute names; compiled once. */
export interface HeaderCapture {
  readonly exact: readonly CapturedHeader[];
  readonly patterns: readonly RegExp[];
  readonly prefix: string;
  readonly redacted: (name: string) => boolean;
}

/** Reads the header fields of one kind of message; both getters of an adapter are such readers. */
export interface HeaderReader<Message> {
  keys(message: Message): readonly string[];
  /** In an array of the caller's own, which becomes the attribute. */
  headerValues(message: Message, name: string): string[] | undefined;
}

interface CapturedHeader {
  readonly name: string;
  readonly attribute: string;
  readonly redacted: boolean;
}

/** The marker that stands for a sanitised value; the attribute's key stays, so that its presence can be seen. */
const REDACTED = '[REDACTED]';

/**
 * Headers that carry credentials, by their last words: `Authorization`, `Cookie`, `Set-Cookie`, `X-Api-Key`,
 * `X-Auth-Token`, `X-Amz-Security-Token`, `Cf-Access-Jwt-Assertion`, `X-Client-Secret` and their like.
 */
const DEFAULT_SANITIZED = new RegExp(
  `(?:^|[-_])(?:${[
    'authorization|auth|cookie2?|secret|password|passwd|credentials?|session(?:[-_]?id)?',
    '(?:access|api|auth|customer|encryption|functions|master|private|secret|signing|subscription)[-_]?key',
    '(?:access|auth|csrf|id|refresh|session|xsrf)?token|jwt(?:[-_]assertion)?',
  ].join('|')})$`,
  'i',
);

const PLAIN_NAME = /^[\w-]+$/;

/**
 * Compiles header capture, or returns `undefined` when no name is given, which costs a request nothing.
 *
 * A string of letters, digits, `-` and `_` is an exact name; any other string is a regular expression for a whole name.
 *
 * @param prefix - `http.request.header.` or `http.response.header.`
 * @throws SyntaxError when a string is not a valid regular expression.
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/
 */
export function compileHeaderCapture(
  names: HeaderNames,
  prefix: string,
  redacted: (name: string) => boolean,
): HeaderCapture | undefined {
  if (names.length === 0) return undefined;
  const plain = names.filter((name) => typeof name === 'string' && PLAIN_NAME.test(name)) as string[];
  const lowerCase = [...new Set(plain.map((name) => name.toLowerCase()))];
  return {
    exact: lowerCase.map((name) => ({ name, attribute: prefix + name, redacted: redacted(name) })),
    patterns: names.filter((name) => typeof name !== 'string' || !PLAIN_NAME.test(name)).map(wholeName),
    prefix,
    redacted,
  };
}

/**
 * Compiles the test for headers whose values must not be recorded.
 *
 * A string or pattern matches anywhere in the name, to err on the side of redaction: `session` covers `x-session-key`.
 *
 * @param replaceDefaults - true to lift the built-in list, so that only `names` are redacted.
 * @throws SyntaxError when a string is not a valid regular expression.
 */
export function compileSanitization(names: HeaderNames, replaceDefaults: boolean): (name: string) => boolean {
  const patterns = names.map(ignoringCase);
  if (!replaceDefaults) patterns.push(DEFAULT_SANITIZED);
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/**
 * Adds the captured headers of one message to `attributes`, each as an array of strings with its key in lower case and
 * its dashes kept. Headers that were not sent are left out.
 */
export function captureHeaders<Message>(
  capture: HeaderCapture,
  message: Message,
  reader: HeaderReader<Message>,
  attributes: Attributes,
): void {
  for (const header of capture.exact) {
    const found = reader.headerValues(message, header.name);
    if (found !== undefined) attributes[header.attribute] = header.redacted ? redact(found) : found;
  }
  if (capture.patterns.length === 0) return;
  for (const name of reader.keys(message)) {
    const attribute = capture.prefix + name;
    if (attributes[attribute] !== undefined || !capture.patterns.some((pattern) => pattern.test(name)))
      continue;
    const found = reader.headerValues(message, name);
    if (found !== undefined) attributes[attribute] = capture.redacted(name) ? redact(found) : found;
  }
}

function redact(values: readonly string[]): string[] {
  return values.map(() => REDACTED);
}

/** Compiled alone first, so that an error shows what was given and `a)|(b` is one. */
function wholeName(name: string | RegExp): RegExp {
  const { source, flags } = ignoringCase(name);
  return new RegExp(`^(?:${source})$`, flags);
}

/** A pattern without the state that `g` and `y` bring, and without regard to case. */
function ignoringCase(name: string | RegExp): RegExp {
  return typeof name === 'string'
    ? new RegExp(name, 'i')
    : new RegExp(name.source, `${name.flags.replace(/[giy]/g, '')}i`);
}
