/** A CommonJS module that is loaded when something of it is first used. */
export function lazyModule(load: () => object): object {
  let loaded: object | undefined;
  return new Proxy(
    {},
    {
      // A bundle asks for this one only to see whether the module was ever a module of ECMAScript.
      get: (_, name) => (name === '__esModule' ? undefined : Reflect.get((loaded ??= load()), name)),
      has: (_, name) => Reflect.has((loaded ??= load()), name),
    },
  );
}
