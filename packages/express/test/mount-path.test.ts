import { describe, expect, test } from '@jest/globals';
import type { IRouter } from 'express';
import express from 'express';
import fc from 'fast-check';
import { answer, fail, isExpress4, keepsNoPaths, router, routes, routing } from './traced-app.js';

describe('paths of mounts', () => {
  test('parameters stay parameters, whatever their values are (route:prefix, route:param-mount)', async () => {
    const route = await routing((app) => {
      app.use('/static/', router('/', '/items/:id'));
      app.use('/t/:tenant', express.Router().use('/deep', router('/items/:id')), router('/'));
      app.use('/v:version/:a-:b', router('/x/:c'));
      app.use('/', express.Router().use('/in', router('/side')));
    });
    expect(await route('GET /static')).toEqual([200, '/static']);
    expect(await route('GET /static/items/7?x=/t/1')).toEqual([200, '/static/items/:id']);
    expect(await route('GET /t/t/deep/items/deep')).toEqual([200, '/t/:tenant/deep/items/:id']);
    expect(await route('GET /t/t/')).toEqual([200, '/t/:tenant']);
    expect(await route('GET /vv/v-v/x/v')).toEqual([200, '/v:version/:a-:b/x/:c']);
    expect(await route('GET /v12/a-b/x/c')).toEqual([200, '/v:version/:a-:b/x/:c']);
    expect(await route('GET /in/side')).toEqual([200, '/in/side']);
  });

  test.each(['a%20b', 'a%2Fb', '%25zz', '%c3%a9t%C3%A9', '~', ':tenant', 't', '(a)|b'])(
    'the first request may be for %s (route:param-mount)',
    async (value) => {
      const route = await routing((app) => app.use('/t/:tenant/t', router('/:id')));
      expect(await route(`GET /t/${value}/t/${value}`)).toEqual([200, '/t/:tenant/t/:id']);
      expect(await route('GET /t/other/t/7')).toEqual([200, '/t/:tenant/t/:id']);
    },
  );

  test('literal text has one case, which is that of the path wherever Express keeps it (route:prefix)', async () => {
    const route = await routing((app) => app.use('/Api/:v', router('/Items')));
    const first = await route('GET /aPI/1/iTEMS');
    expect(first).toEqual([200, keepsNoPaths ? '/aPI/:v/Items' : '/Api/:v/Items']);
    expect(await route('GET /API/2/items')).toEqual(first);
  });

  test('of arrays the member that matched is reported, nested ones too (route:array)', async () => {
    const route = await routing((app) => {
      app.use(['/a/:x', '/b/:x', '/c'], router(['/list', ['/item/:id', '/thing/:id']]));
      routes(app, ['/m', ['/n/:o'], /^\/p\d+$/]);
    });
    expect(await route('GET /a/1/list')).toEqual([200, '/a/:x/list']);
    expect(await route('GET /b/1/item/2?x=/list')).toEqual([200, '/b/:x/item/:id']);
    expect(await route('GET /c/item/3')).toEqual([200, '/c/item/:id']);
    expect(await route('GET /a/2/item/2')).toEqual([200, '/a/:x/item/:id']);
    expect(await route('GET /m')).toEqual([200, '/m']);
    expect(await route('GET /n/1')).toEqual([200, '/n/:o']);
    expect(await route('GET /p12')).toEqual([200, '/^\\/p\\d+$/']);
  });

  test('wildcards and optional parameters are written as Express writes them (route:wildcard, route:optional)', async () => {
    const [wildcard, optional] = isExpress4 ? ['/files/*', '/o/:x?'] : ['/files/*rest', '/o{/:x}'];
    const route = await routing((app) => {
      app.use(`/in${wildcard}`, router('/'));
      app.use(`/in${optional}`, express.Router().use('/end', router('/z')));
      routes(app, wildcard, optional);
    });
    for (const line of ['GET /files/a', 'GET /files/a/b.txt'])
      expect(await route(line)).toEqual([200, wildcard]);
    for (const line of ['GET /o', 'GET /o/1']) expect(await route(line)).toEqual([200, optional]);
    for (const line of ['GET /in/files/a', 'GET /in/files/a/b.txt'])
      expect(await route(line)).toEqual([200, `/in${wildcard}`]);
    // Of a mount that is known by what it matches alone, the parameters that were there are all that can be told.
    expect(await route('GET /in/o/1/end/z')).toEqual([
      200,
      keepsNoPaths ? '/in/o/:x/end/z' : `/in${optional}/end/z`,
    ]);
  });

  test('a regular expression is reported as it stands, or not at all where Express does not keep it (route:regex)', async () => {
    const route = await routing((app) => {
      app.use(/^\/v(\d+)/, router('/x', /^\/y\/\w+$/));
      routes(app, /^\/rx\/(\d+)$/);
    });
    for (const line of ['GET /rx/1', 'GET /rx/42'])
      expect(await route(line)).toEqual([200, '/^\\/rx\\/(\\d+)$/']);
    for (const line of ['GET /v1/x', 'GET /v42/x']) {
      expect(await route(line)).toEqual([200, keepsNoPaths ? undefined : '/^\\/v(\\d+)//x']);
    }
    expect(await route('GET /v1/y/z')).toEqual([
      200,
      keepsNoPaths ? undefined : '/^\\/v(\\d+)//^\\/y\\/\\w+$/',
    ]);
  });
});

if (isExpress4) {
  describe('paths of mounts that Express 4 has compiled', () => {
    test.each([
      ['/n/:id(\\d+)', '/n/5', '/n/:id(\\d+)'],
      ['/n/:id(a|b)/c', '/n/a/c', '/n/:id(a|b)/c'],
      ['/f/:name.:ext', '/f/a.b', '/f/:name.:ext'],
      ['/a.b/:x-:y', '/a.b/1-2', '/a.b/:x-:y'],
      ['/ab?c+/:id', '/accc/1', '/ab?c+/:id'],
      ['*/end', '/a/b/end', '*/end'],
      [['/a/:x', '/b/:x/:y?'], '/b/1/2', '/b/:x/:y?'],
    ])('%j is found again (route:param-mount)', async (path, target, template) => {
      const route = await routing((app) => app.use(path, router('/z')));
      expect(await route(`GET ${target}/z`)).toEqual([200, `${template}/z`]);
    });

    test.each([
      ['/w/:rest*', '/w/1', '/w/1/2'],
      ['/w/(\\d+)', '/w/1', '/w/2'],
      [[/^\/w\/\d/, '/v'], '/w/1', '/w/2'],
    ])('%j stays an expression (route:regex)', async (path, target, other) => {
      const route = await routing((app) => app.use(path, router('/')));
      const [, template] = await route(`GET ${target}`);
      expect(template).toMatch(/^\/.*w.*\/i?$/);
      expect(await route(`GET ${other}`)).toEqual([200, template]);
    });
  });
}

/** One mount: of what, at which path, and the part of a target that it matches. */
interface Level {
  readonly what: 'router' | 'application';
  readonly path: string;
  readonly target: string;
  /** A path that does not match, before the one that does. */
  readonly decoy: string | undefined;
}

const text = fc.stringMatching(/^[a-z]{1,3}$/);
const value = fc.stringMatching(/^[a-zA-Z0-9_~.%é @+]{1,4}$/).map(encodeURIComponent);

/** A piece of a path, and a piece of a target that it matches. */
const piece = fc.oneof(
  text.map((literal) => [`/${literal}`, `/${literal}`]),
  fc.tuple(text, value).map(([name, given]) => [`/:${name}`, `/${given}`]),
  fc
    .tuple(text, text, value)
    .map(([literal, name, given]) => [`/${literal}-:${name}`, `/${literal}-${given}`]),
);

const level: fc.Arbitrary<Level> = fc
  .record({
    what: fc.constantFrom<Level['what']>('router', 'application'),
    pieces: fc.uniqueArray(piece, {
      minLength: 1,
      maxLength: 3,
      selector: ([path]) => path?.split(':')[1] ?? path,
    }),
    decoy: fc.option(
      text.map((literal) => `/0${literal}/:other`),
      { nil: undefined },
    ),
  })
  .map(({ pieces, ...others }) => ({
    ...others,
    path: pieces.map(([path]) => path).join(''),
    target: pieces.map(([, target]) => target).join(''),
  }));

/** Mounts levels in one another and gives the innermost; an application below a mounted one is mounted in that itself. */
function mountAll(app: IRouter, levels: readonly Level[]): IRouter {
  let hidden = false;
  return levels.reduce((on, { what, path, decoy }) => {
    const inApplication = 'set' in on;
    const inner = what === 'router' || (hidden && !inApplication) ? express.Router() : express();
    hidden ||= inApplication && 'set' in inner;
    on.use(decoy === undefined ? path : [decoy, path], inner);
    return inner;
  }, app);
}

test('any nesting of routers and applications gives the whole template, from the first request on (route:param-mount, route:sub-app, route:thrown)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(level, { maxLength: 3 }), value, fc.boolean(), async (levels, id, fails) => {
      const route = await routing((app) => mountAll(app, levels).get('/end/:id', fails ? fail : answer));
      const [target, template] = [
        levels.map((one) => one.target).join(''),
        levels.map((one) => one.path).join(''),
      ];
      expect(await route(`GET ${target}/end/${id}`)).toEqual([fails ? 500 : 200, `${template}/end/:id`]);
    }),
    { numRuns: 100 },
  );
}, 60_000);
