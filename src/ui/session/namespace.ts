/** The namespace that the address names, and what is in it. */
import { createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import type { Namespace, WriteOptions } from "../../client/index.js";
import { useSession } from "./session.js";

export const NamespaceName = createContext("default");

export function useNamespace(): Namespace<WriteOptions, unknown> {
  const name = useContext(NamespaceName);
  const { store } = useSession();
  return useMemo(() => store.namespace(name), [store, name]);
}
