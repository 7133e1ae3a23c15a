/** What a token may do; each permission includes those before it (CONTRACT: tokens). */
export const permissions = ["read", "write", "delete", "admin"] as const;
export type Permission = (typeof permissions)[number];

/** True when a token that holds `held` may do what needs `needed`. */
export function permits(held: Permission, needed: Permission): boolean {
  return permissions.indexOf(held) >= permissions.indexOf(needed);
}
