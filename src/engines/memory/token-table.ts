/** Tokens of a store that does not outlive the process. */
import type { TokenRecord, TokenReply, TokenTable } from "../../eventstore/token-table.js";

export function memoryTokenTable(): TokenTable {
  const records = new Map<string, TokenRecord>();
  const replies = new Map<string, TokenReply>();
  const keyOf = (scope: string, key: string) => `${scope}\u0000${key}`;
  const keep = (reply: TokenReply | undefined) => {
    if (reply !== undefined) replies.set(keyOf(reply.scope, reply.key), reply);
  };
  const put = async (record: TokenRecord, reply?: TokenReply) => {
    records.set(record.name, record);
    keep(reply);
  };
  return {
    all: async () => [...records.values()],
    insert: put,
    replace: put,
    remove: async (name, reply) => {
      records.delete(name);
      keep(reply);
    },
    reply: async (scope, key) => replies.get(keyOf(scope, key)),
  };
}
