/** What the hosted API tells of the organisation that something belongs to: here the store is the one. */
export const organizationId = "org_local";
