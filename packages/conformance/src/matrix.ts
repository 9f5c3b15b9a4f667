/** The cell of the matrix that is under test, as `jest.js` says it. */
export interface MatrixCell {
  readonly packageName: string;
  readonly packageVersion: string;
  /** The SDK line that is to be loaded. */
  readonly sdkLine: 2 | 3;
  /** The version of the API that is to be loaded. */
  readonly apiVersion: string;
  /** True for the one cell that runs all tests of the package. */
  readonly first: boolean;
  /** The framework's version as its alias names it; `undefined` without a framework. */
  readonly framework: string | undefined;
}

/** The cell of the matrix that is under test. */
export const matrix: MatrixCell = (globalThis as { matrix?: MatrixCell }).matrix ?? missing();

function missing(): never {
  throw new Error(
    'No matrix cell: let jest.config.js export what "@otel-middleware/conformance/jest" returns.',
  );
}
