/** Loaded before a program: writes what the program loads to the file that LOADED names, when it ends. */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.once('exit', () => {
  const builtIn: unknown = Reflect.get(process, 'moduleLoadList');
  writeFileSync(process.env['LOADED'] ?? '', JSON.stringify([loaded, builtIn].flat()));
});
