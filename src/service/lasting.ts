/** Handles that go on working when what they were taken of is replaced. */

import { invariant } from "../domain/errors.js";

/**
 * A handle on whatever `resolve` gives by the time that it is used, and so are the handles that it
 * gives in its turn. Promises, and what is read bit by bit, are of the moment that they were asked for.
 */
export function lasting<Handle extends object>(resolve: () => Handle): Handle {
  return new Proxy(resolve(), {
    get(_, name) {
      const member = () => memberOf(resolve(), name);
      const value = member();
      if (isHandle(value)) return lasting(() => handleOf(member()));
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        const call = () => callOf(resolve(), name, given);
        const answer = call();
        return isHandle(answer) ? lasting(() => handleOf(call())) : answer;
      };
    },
  });
}

function memberOf(target: object, name: string | symbol): unknown {
  return Reflect.get(target, name);
}

function callOf(target: object, name: string | symbol, given: readonly unknown[]): unknown {
  const method = memberOf(target, name);
  return typeof method === "function" ? Reflect.apply(method, target, given) : undefined;
}

/** Something that can be asked more; what is data alone is an answer of its moment. */
function isHandle(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if ("then" in value || Symbol.asyncIterator in value) return false;
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return !isPlain || Object.values(value).some((member) => typeof member === "function");
}

function handleOf(value: unknown): object {
  if (isHandle(value)) return value;
  invariant(false, "a handle has become something else");
}
