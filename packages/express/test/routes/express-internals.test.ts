import { describe, expect, test } from '@jest/globals';
import { matrix } from '@otel-middleware/conformance';
import { opentelemetry } from '@otel-middleware/express';
import type { IRouter, Request, RequestHandler } from 'express';
import express from 'express';
import type { Application, Layer, Router } from '../../src/routes/express-internals.js';
import { applicationRouter, isApplication, isRouter } from '../../src/routes/express-internals.js';
import { answer, fail, isExpress4, keepsNoPaths, pass, serve, tracerProvider } from '../traced-app.js';

const routerOf = (app: unknown): Router => applicationRouter(app as Application) as Router;
const lastLayer = (app: unknown): Layer => routerOf(app).stack.at(-1) as Layer;
/** The form in which a layer keeps its path. */
function keptOfPaths(): string[] {
  if (isExpress4) return ['keys', 'regexp'];
  return keepsNoPaths ? ['keys', 'matchers', 'slash'] : ['matchers', 'rawPath', 'slash'];
}

// All of this is undocumented: when a version of Express changes it, routes would be lost, and these tests tell where.
describe(`what is read of Express ${matrix.framework}`, () => {
  test('layers keep handler, name, route and what they were compiled to (route:param-mount)', () => {
    const app = express().get('/x', answer).use('/t/:tenant', pass);
    const layers = routerOf(app).stack.slice(-2);
    for (const layer of layers) {
      const others = ['handle', 'name', 'params', 'path', 'route'];
      expect(
        Object.keys(layer)
          .filter((key) => !others.includes(key))
          .sort(),
      ).toEqual(keptOfPaths());
      expect(typeof layer.handle).toBe('function');
    }
    expect(layers.map(({ route }) => route && [route.path, { ...route.methods }])).toEqual([
      ['/x', { get: true }],
      undefined,
    ]);
    expect(layers.at(-1)?.name).toBe('pass');
  });

  test('a router compiles paths with the class of its layers (route:array)', () => {
    const Layer = lastLayer(express().use(pass)).constructor;
    const compile = (path: string, sensitive: boolean, end: boolean): Layer =>
      new Layer(path, { sensitive, strict: false, end }, () => {});
    const matched = (layer: Layer, path: string): unknown => {
      const match = layer.match(path);
      return typeof match === 'boolean' ? match && layer.path : match.path;
    };
    expect(matched(compile('/a/:x', false, true), '/A/1/')).toBe('/A/1/');
    expect(matched(compile('/a/:x', true, true), '/A/1')).toBe(false);
    expect(matched(compile('/a/:x', false, true), '/a/1/2')).toBe(false);
    expect(matched(compile('/a/:x', false, false), '/a/1/2')).toBe('/a/1');
    expect(matched(compile('/', false, false), '/a')).toBe('');
    expect(() => compile('/a/:x', false, true).match('/a/%zz')).toThrow(URIError);
  });

  test('routers and applications are told from functions, and keep their settings (route:sub-app)', () => {
    const router = express.Router({ caseSensitive: true, strict: true });
    expect([isRouter(router), isApplication(router)]).toEqual([true, false]);
    expect([isRouter(express()), isApplication(express())]).toEqual([false, true]);
    expect([isRouter(pass), isApplication(pass)]).toEqual([false, false]);
    const { stack, caseSensitive, strict } = router as unknown as Router;
    expect({ stack, caseSensitive, strict }).toEqual({ stack: [], caseSensitive: true, strict: true });
    const exact = express().enable('case sensitive routing').enable('strict routing').use(pass);
    expect([routerOf(exact).caseSensitive, routerOf(exact).strict]).toEqual([true, true]);
    expect(lastLayer(express().use(router)).handle).toBe(router);
  });

  test('a mounted application is hidden in mounted_app, and knows its parent, its path and its prototypes (route:sub-app)', () => {
    const [app, inner] = [express(), express()];
    app.use(['/a', '/b'], inner);
    const { parent, mountpath, request } = inner as unknown as Application;
    expect([parent === (app as unknown), mountpath]).toEqual([true, ['/a', '/b']]);
    expect((app as unknown as Application).parent).toBeUndefined();
    expect(Object.getPrototypeOf(request)).toBe((app as unknown as Application).request);
    expect(lastLayer(app).name).toBe('mounted_app');
    expect(lastLayer(app).handle).not.toBe(inner);
  });

  test('a request is given its route when that matches and when it is called, and next until nobody is left (route:thrown, route:fall-through-404)', async () => {
    const written: unknown[] = [];
    const left: unknown[] = [];
    const app = express().use(opentelemetry({ tracerProvider }));
    app.use((request, response, next) => {
      response.on('close', () => left.push([request.baseUrl, typeof request.next]));
      next();
    });
    const on = (path: string, handler: RequestHandler): IRouter => express.Router().get(path, handler);
    app.use('/in/:x', on('/answers/:y', answer), on('/throws/:y', fail), on('/passes/:y', pass));
    const ask = await serve(app);
    Object.defineProperty((app as unknown as Application).request, 'route', {
      set(this: Request) {
        written.push([this.baseUrl, this.url]);
      },
    });
    for (const line of ['GET /in/1/answers/2?a', 'GET /in/1/throws/2', 'GET /in/1/passes/2']) await ask(line);
    expect(written).toEqual(
      ['/answers/2?a', '/throws/2', '/passes/2'].flatMap((url) => [
        ['/in/1', url],
        ['/in/1', url],
      ]),
    );
    expect(left).toEqual([
      ['/in/1', 'function'],
      [undefined, 'undefined'],
      [undefined, 'undefined'],
    ]);
  });

  const matchers = lastLayer(express().use(['/a/:x', /^\/b\/(\d+)/], pass)).matchers ?? [];
  test(`router 2 has a function for each member of a path, ${matchers.length} here (route:array)`, () => {
    const matches = matchers.map((matcher) => [matcher('/a/1/c'), matcher('/b/1/c')]);
    expect(matches).toEqual(
      isExpress4
        ? []
        : [
            [{ path: '/a/1', params: { x: '1' } }, false],
            [false, { path: '/b/1', params: { 0: '1' } }],
          ],
    );
    // By which paths that are known by their function alone are told from regular expressions.
    const prototypes = matches.flat().map((match) => match && Object.getPrototypeOf(match.params));
    expect(prototypes.filter((prototype) => prototype !== false)).toEqual(
      isExpress4 ? [] : [null, Object.prototype],
    );
  });
});
