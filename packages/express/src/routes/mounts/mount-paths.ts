import type { Application, Layer, Path, PathOptions, Router } from '../express-internals.js';
import { decompiledPath } from './express-4-regexp.js';
import type { PathPattern } from './path-pattern.js';
import { compilePath } from './path-pattern.js';
import { probingPattern } from './router-2-probe.js';

/** The patterns of the path at which a layer is mounted. */
export function mountPatterns(layer: Layer, router: Router): PathPattern[] {
  const path = mountPath(layer);
  if (path !== undefined) return compilePath(path, layer.constructor, mountOptions(router));
  return (layer.matchers ?? []).map(probingPattern);
}

/**
 * The patterns of the paths at which an application is mounted in a router: the last one, which it remembers, then all at
 * which there is any application, since layers do not tell which, and it may have been mounted before.
 */
export function applicationPatterns(app: Application, router: Router): PathPattern[] {
  const [layer] = router.stack;
  if (layer === undefined) return [];
  const hidden = router.stack.filter(({ name }) => name === MOUNTED_APPLICATION);
  return [
    ...compilePath(app.mountpath, layer.constructor, mountOptions(router)),
    ...hidden.flatMap((mounted) => mountPatterns(mounted, router)),
  ];
}

/** The name of the functions in which `app.use` hides applications. */
const MOUNTED_APPLICATION = 'mounted_app';

function mountPath(layer: Layer): Path | undefined {
  if (layer.rawPath !== undefined) return layer.rawPath;
  if (layer.regexp !== undefined) return decompiledPath(layer, layer.regexp);
  return layer.slash === true ? '/' : undefined;
}

function mountOptions(router: Router): PathOptions {
  return { sensitive: router.caseSensitive, strict: false, end: false };
}
