/**
 * What handlers throw. Constants, so that tests can tell that an error arrived unchanged and know its stack.
 */
export const thrownError: Error = new RangeError('the oven is too hot');
export const rejectedError: Error = new TypeError('the order is no order');

/** An error that stands for a status code, in the spelling of `http-errors` and in that of Fastify. */
export const clientError: Error = Object.assign(new Error('no such order'), {
  status: 404,
  statusCode: 404,
  expose: true,
});

class StreamError extends Error {
  override readonly name = 'StreamError';
}

/** What a body fails with after its first chunk. */
export const streamError: Error = new StreamError('the tap ran dry');

/** What a response is destroyed with before its head. */
export const destroyError: Error = new StreamError('the tap is broken');

/** An error that the application's own error handler answers. */
export class HandledError extends Error {
  override readonly name = 'HandledError';
  readonly answeredWith: number;

  constructor(answeredWith: number) {
    super(`to be answered with ${answeredWith}`);
    this.answeredWith = answeredWith;
  }
}

/** Values that are thrown though they are no errors, and an error that cannot be written to. */
export const nonErrors: Readonly<Record<string, unknown>> = {
  string: 'out of flour',
  number: 42,
  undefined: undefined,
  null: null,
  object: { out: 'of sugar' },
  frozen: Object.freeze(new Error('the dough is frozen')),
};
