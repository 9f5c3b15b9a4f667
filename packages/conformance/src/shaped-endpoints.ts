/**
 * Endpoints that are about routing: an adapter with a router builds each shape in its framework's own idiom.
 *
 * Left out are method GET and status 200. Without a route none must be reported.
 */
export const shapedEndpoints = {
  prefixed: {
    shape: 'GET /orders/:id of a router under /api',
    target: '/api/orders/42',
    route: '/api/orders/:id',
  },
  prefixedThrown: {
    shape: 'GET /thrown/:id of the router under /api, which throws',
    target: '/api/thrown/7',
    route: '/api/thrown/:id',
    status: 500,
  },
  prefixedRejected: {
    shape: 'GET /rejected/:id of the router under /api, which rejects',
    target: '/api/rejected/7',
    route: '/api/rejected/:id',
    status: 500,
  },
  prefixedUnmatched: {
    shape: 'nothing of the router under /api matches',
    target: '/api/nowhere',
    status: 404,
  },
  paramMountRoot: {
    shape: 'GET / of a router under /t/:tenant',
    target: '/t/acme',
    route: '/t/:tenant',
  },
  paramMounted: {
    shape: 'GET /items/:id of the router under /t/:tenant',
    target: '/t/acme/items/7',
    route: '/t/:tenant/items/:id',
  },
  nested: {
    shape: 'GET /issues/:issue of a router under /repos/:repo of a router under /:org of a router under /v1',
    target: '/v1/acme/repos/9/issues/3',
    route: '/v1/:org/repos/:repo/issues/:issue',
  },
  arrayRoute: {
    shape: 'GET of the list [[/first/:x], /second/:x], nested where the framework takes that',
    target: '/second/9',
    route: '/second/:x',
  },
  arrayMounted: {
    shape: 'GET /x/:y of a router under the list [/m1, /m2]',
    target: '/m2/x/3',
    route: '/m2/x/:y',
  },
  wildcard: {
    shape: 'GET of everything below /files, by the framework’s wildcard named path',
    target: '/files/a/b.txt',
    route: '/files/*path',
  },
  optional: {
    shape: 'GET /maybe with an optional segment x',
    target: '/maybe/7',
    route: '/maybe{/:x}',
  },
  regex: {
    shape: 'GET of the regular expression ^/rx/(\\d+)$, or the framework’s own form of it',
    target: '/rx/42',
    route: '/^\\/rx\\/(\\d+)$/',
  },
  subApp: {
    shape: 'GET /things/:id of an application of its own under /sub/:y',
    target: '/sub/9/things/3',
    route: '/sub/:y/things/:id',
  },
  sameRouterLeft: {
    shape: 'GET /same/:id of one router, under /left',
    target: '/left/same/1',
    route: '/left/same/:id',
  },
  sameRouterRight: {
    shape: 'GET /same/:id of the same router, under /right',
    target: '/right/same/1',
    route: '/right/same/:id',
  },
  fallThrough: {
    shape: 'GET /fall/:id, which calls next, and nobody answers',
    target: '/fall/7',
    status: 404,
  },
  nextThenRoute: {
    shape: 'GET /then/:first, which calls next, and GET /then/:second, which answers',
    target: '/then/7',
    route: '/then/:second',
  },
  nextThenPlain: {
    shape: 'GET /plain/:id, which calls next, and middleware after it that answers paths below /plain',
    target: '/plain/7',
    route: '/plain/:id',
  },
  guarded: {
    shape: 'middleware before the routes that answers 401 below /guarded, and GET /guarded/:id',
    target: '/guarded/7',
    status: 401,
  },
  storedNext: {
    shape: 'middleware for /stored that calls application.detached(next), and GET /stored/:id',
    target: '/stored/7',
    route: '/stored/:id',
  },
  swallowed: {
    shape:
      'a handler at /swallowed/:status that throws and is caught by middleware, which answers with that status',
    target: '/swallowed/200',
    route: '/swallowed/:status',
  },
  late: {
    shape: 'GET /late/:id, added by addLateRoutes',
    target: '/late/7',
    route: '/late/:id',
  },
  lateMounted: {
    shape: 'GET /items/:id of a router under /late-api, added by addLateRoutes',
    target: '/late-api/items/7',
    route: '/late-api/items/:id',
  },
  internal: {
    shape:
      'GET /internal, which makes the request GET /orders/42 to this very application, in process, and then answers',
    target: '/internal',
    route: '/internal',
  },
  wrongMethod: {
    shape: 'nothing to build: /orders/:id has no DELETE',
    method: 'DELETE',
    target: '/orders/42',
    status: 404,
  },
  automaticOptions: {
    shape: 'nothing to build: what the framework answers to OPTIONS by itself',
    method: 'OPTIONS',
    target: '/orders/42',
  },
  unmatched: {
    shape: 'nothing to build: no route matches',
    target: '/nowhere/42',
    status: 404,
  },
  malformed: {
    shape: 'nothing to build: the parameter of /users/:id cannot be decoded',
    target: '/users/%zz',
    status: 400,
  },
} as const;
