import { plainEndpoints } from './plain-endpoints.js';
import { shapedEndpoints } from './shaped-endpoints.js';

/** The name of a plain endpoint. */
export type PlainEndpointName = keyof typeof plainEndpoints;

/** The name of an endpoint of the fixture application. */
export type EndpointName = PlainEndpointName | keyof typeof shapedEndpoints;

/** One thing that the fixture application answers, and what is expected of its span. */
export interface Endpoint {
  readonly name: EndpointName;
  /** The method that its route takes; `ALL` is every one. */
  readonly method: string;
  /** The request target that it is asked with. */
  readonly target: string;
  /**
   * Expected `http.route`; `undefined` when none must be reported. Frameworks with another syntax override
   * it.
   */
  readonly route: string | undefined;
  /** Status code of the response, 0 when none is sent. Frameworks that answer otherwise override it. */
  readonly status: number;
}

/** An endpoint at the top of the application. */
export interface PlainEndpoint extends Endpoint {
  readonly name: PlainEndpointName;
  /** The path as routers with `:name` parameters take it. */
  readonly path: string;
  /** True when it answers through Node's own request and response. */
  readonly raw: boolean;
}

interface Row {
  readonly target: string;
  readonly path?: string;
  readonly method?: string;
  readonly route?: string;
  readonly status?: number;
  readonly raw?: boolean;
}

/** The plain endpoints, in the order of their table. */
export const plainEndpointList: readonly PlainEndpoint[] = Object.entries<Row>(plainEndpoints).map(
  ([name, row]) => ({
    method: 'GET',
    route: row.path,
    status: 200,
    raw: false,
    ...(row as Row & { path: string }),
    name: name as PlainEndpointName,
  }),
);

/** Every endpoint of the fixture application, by name. */
export const endpoints: Readonly<Record<EndpointName, Endpoint>> = Object.fromEntries(
  [
    ...plainEndpointList,
    ...Object.entries<Row>(shapedEndpoints).map(([name, row]) => ({
      method: 'GET',
      route: undefined,
      status: 200,
      ...row,
      name: name as EndpointName,
    })),
  ].map((endpoint) => [endpoint.name, endpoint]),
) as Record<EndpointName, Endpoint>;
