/** Where threads find what they run. */

/**
 * @param name of the script, as it is built, from the module that starts it.
 * @param module the URL of that. Run from the sources, as the tests do, it starts what was built of
 *   them: having each thread read them again would take three times as long.
 */
export function threadScript(name: string, module: string): URL {
  return new URL(name, module.replace(/^(.*)\/src\/(.*)\.ts$/, "$1/dist/$2.js"));
}
