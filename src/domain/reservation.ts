/** What a resource keeps for itself so that no other can have it: one key of a scope. */
export interface Reservation {
  readonly scope: string;
  readonly key: string;
}

/** The reservation as one text. */
export function reservationKey({ scope, key }: Reservation): string {
  return `${scope}\u0000${key}`;
}
