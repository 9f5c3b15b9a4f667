import type { Check } from '@otel-middleware/core/internal';
import { readVariable, validateOptions } from '@otel-middleware/core/internal';
import type { SqlDialect } from './statement.js';
import type { TagRules } from './tags.js';

/** The tags of comments. All are optional, and `false` turns one off. */
export interface CommentOptions {
  /** The tag `application`, the same for every query. Environment: `OTEL_SERVICE_NAME`. Default: none. */
  application?: string | false | undefined;
  /**
   * The tag `framework`: that of the current request, or a name that is the same for every query, also for prepared ones.
   * Default: true.
   */
  framework?: string | boolean | undefined;
  /** The tag `route`: the template of the route that has matched by the time of the query, never a path. Default: true. */
  route?: boolean | undefined;
  /** The tag `traceparent`: the active span, when it is sampled. Without it there is no `tracestate`. Default: true. */
  traceparent?: boolean | undefined;
  /** The tag `tracestate` beside it. Default: true. */
  tracestate?: boolean | undefined;
}

/** Options of {@link commentQuery}. */
export interface QueryCommentOptions extends CommentOptions {
  /** By whose rules the statement is read. Default: `postgresql`. */
  dialect?: SqlDialect | undefined;
  /**
   * True for a statement that the database keeps for the next time, by its name or its text: it gets only what is the same for
   * every query. Default: false.
   */
  prepared?: boolean | undefined;
}

const OWNER = '@otel-middleware/sqlcommenter';

const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
const SWITCH: Check = [isBoolean, 'true or false'];

const CHECKS: Record<keyof CommentOptions, Check> = {
  application: [(value) => value === false || isName(value), 'the name of the application, or false'],
  framework: [(value) => isBoolean(value) || isName(value), 'true, false, or the name of a framework'],
  route: SWITCH,
  traceparent: SWITCH,
  tracestate: SWITCH,
};

const DIALECTS: readonly SqlDialect[] = ['postgresql', 'mysql', 'sqlite'];

const QUERY_CHECKS: Record<keyof QueryCommentOptions, Check> = {
  ...CHECKS,
  dialect: [(value) => DIALECTS.includes(value as SqlDialect), `one of ${DIALECTS.join(', ')}`],
  prepared: SWITCH,
};

/**
 * Validates options, and adds the environment and the defaults.
 *
 * @throws TypeError when an option is unknown or ill-typed, naming it and the cure.
 */
export function tagRules(options: CommentOptions): TagRules {
  validateOptions(OWNER, options, CHECKS);
  return withDefaults(options);
}

/** Likewise, with the options that a single statement has in addition. */
export function queryRules(options: QueryCommentOptions): TagRules {
  validateOptions(OWNER, options, QUERY_CHECKS);
  return withDefaults(options);
}

function withDefaults({
  application = readVariable('OTEL_SERVICE_NAME'),
  framework = true,
  route = true,
  traceparent = true,
  tracestate = true,
}: CommentOptions): TagRules {
  return { application: application || undefined, framework, route, traceparent, tracestate };
}

/** @throws TypeError when a function of this package is given what it cannot comment; `expected` names the cure. */
export function unsuitable(name: string, expected: string): never {
  throw new TypeError(`${OWNER}: ${name} must be given ${expected}.`);
}
