/** Who has access: the tokens, their making and their end. Their secrets are shown once. */
import { useState } from "preact/hooks";
import type { TokenAnswer } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { Empty } from "../../answer/empty.js";
import { useAnswer } from "../../answer/use-answer.js";
import { useSession } from "../../session/session.js";
import { count } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { NewTokenSheet } from "./new-token-sheet.js";
import { RevokeSheet } from "./revoke-sheet.js";

export function TokensPage() {
  const { store } = useSession();
  const [round, setRound] = useState(0);
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<TokenAnswer>();
  const answer = useAnswer(() => store.tokens.list(), [store, round], "tokens");
  const reload = () => setRound((last) => last + 1);
  return (
    <section class="page" aria-labelledby="tokens-title">
      <div class="title">
        <h1 id="tokens-title">Tokens</h1>
        {answer.data !== undefined && <span class="soft">{count(answer.data.length)}</span>}
        <span class="grow" />
        <button type="button" onClick={() => setMaking(true)}>
          New token
        </button>
      </div>
      <Answered answer={answer} lines={4}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Empty>
              No token is kept in the store: the one that you use was given at its start.
            </Empty>
          ) : (
            <ul class="plain-list" aria-label="Tokens">
              {tokens.map((token) => (
                <li key={token.name}>
                  <TokenRow token={token} revoke={() => setRevoked(token)} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      {isMaking && <NewTokenSheet made={reload} close={() => setMaking(false)} />}
      {revoked !== undefined && (
        <RevokeSheet token={revoked} done={reload} close={() => setRevoked(undefined)} />
      )}
    </section>
  );
}

interface TokenRowProps {
  readonly token: TokenAnswer;
  readonly revoke: () => void;
}

function TokenRow({ token, revoke }: TokenRowProps) {
  const { name, permission, namespaces, created_at: made, expires_at: expires } = token;
  return (
    <div class="token-row one-line">
      <span class="name">
        <Text max={100}>{name}</Text> <span class="badge quiet">{permission}</span>
      </span>
      <span class="soft cut">
        {namespaces === undefined ? (
          "every namespace"
        ) : (
          <Text max={200}>{namespaces.join(", ")}</Text>
        )}
      </span>
      <span class="soft">
        made <Time at={made} />
        {expires !== undefined && (
          <>
            {" · until "}
            <Time at={expires} isExact />
          </>
        )}
      </span>
      <button type="button" data-row onClick={revoke}>
        Revoke<span class="unseen"> {name}</span>
      </button>
    </div>
  );
}
