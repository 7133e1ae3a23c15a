/** What of an event a proof can show; its header is shown in any case. */
export const disclosable = ["header", "body", "meta"] as const;
