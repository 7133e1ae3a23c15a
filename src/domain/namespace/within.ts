/** The namespaces that something is asked about, or that are open to a caller; undefined for all. */
export type Within = readonly string[] | undefined;

/** Whether the namespace is one of them. What is of no namespace is of all together alone. */
export function hasNamespace(within: Within, namespace: string | null | undefined): boolean {
  return within === undefined || (typeof namespace === "string" && within.includes(namespace));
}

/** The namespace, when it is one alone. */
export function onlyOne(within: Within): string | undefined {
  return within?.length === 1 ? within[0] : undefined;
}
