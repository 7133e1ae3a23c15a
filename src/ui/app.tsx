/** The page as a whole: what the address names, inside the shell; or the question for a token. */
import { useEffect } from "preact/hooks";
import { Skeleton } from "./answer/answered.js";
import { Empty } from "./answer/empty.js";
import { useAnswer } from "./answer/use-answer.js";
import { views } from "./pages/views.js";
import { address, navigate, usePlace } from "./route/place.js";
import type { View } from "./route/views.js";
import { headPosition } from "./session/end-of-log.js";
import { NamespaceName } from "./session/namespace.js";
import { useSession } from "./session/session.js";
import { Shell } from "./shell/shell.js";
import { SignIn } from "./shell/sign-in.js";

const firstNamespace = "default";

export function App() {
  const { path } = usePlace();
  const [namespace = "", section = ""] = path.split("/");
  const { store, token } = useSession();
  const name = namespace === "" ? firstNamespace : namespace;
  // Asks for what every reader may see, only to learn whether this one may; and for the end of the
  // log, before anything else is asked for, so that no event lies between what is shown and the feed.
  const admission = useAnswer(
    async () => {
      const [end] = await Promise.all([
        headPosition(store),
        store.namespace(name).buckets.list({ limit: 1 }),
      ]);
      return { end };
    },
    [store, name],
    token ?? "",
  );
  const isUnfinished = section === "";
  useEffect(() => {
    if (isUnfinished) navigate(address([name, "buckets"]), { replace: true });
  }, [isUnfinished, name]);

  if (admission.error?.code === "UNAUTHORIZED") {
    return <SignIn refusal={token === undefined ? undefined : admission.error.message} />;
  }
  if (isUnfinished || (admission.data === undefined && admission.error === undefined)) {
    return <Skeleton lines={3} />;
  }
  return (
    <NamespaceName.Provider value={name}>
      <Shell namespace={name} section={section} end={admission.data?.end}>
        <Shown path={path} views={views} />
      </Shell>
    </NamespaceName.Provider>
  );
}

/** The first view that the path is one of. */
function Shown({ path, views }: { readonly path: string; readonly views: readonly View[] }) {
  for (const { match, Page } of views) {
    const params = match(path);
    if (params !== undefined) return <Page {...params} />;
  }
  return (
    <section class="page">
      <h1>Not here</h1>
      <Empty>There is no view at this address.</Empty>
    </section>
  );
}
