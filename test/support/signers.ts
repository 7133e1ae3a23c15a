/** Deliveries as their senders make them, signed by the senders' own libraries. */
import Mux from "@mux/mux-node";
import { Webhook } from "standardwebhooks";

export interface SignedDelivery {
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param time when it is sent, milliseconds. */
export async function signMux(secret: string, body: string, time: number): Promise<SignedDelivery> {
  const seconds = Math.floor(time / 1_000);
  const { webhooks } = new Mux({ tokenId: "none", tokenSecret: "none", webhookSecret: secret });
  // Their library is made to verify; what it compares with is what they send.
  const signature = await webhooks["computeSignature"](`${seconds}.${body}`, secret);
  const headers = { "mux-signature": `t=${seconds},v1=${signature}` };
  return { headers, body };
}

/** @param time when it is sent, milliseconds. */
export function signStandard(
  secret: string,
  id: string,
  body: string,
  time: number,
  name: "webhook" | "svix" = "webhook",
): SignedDelivery {
  const sent = new Date(time);
  return {
    body,
    headers: {
      [`${name}-id`]: id,
      [`${name}-timestamp`]: String(Math.floor(time / 1_000)),
      [`${name}-signature`]: new Webhook(secret).sign(id, sent, body),
    },
  };
}
