/** Who did it: a link to what else they did. */
import { useContext } from "preact/hooks";
import { address } from "../route/place.js";
import { NamespaceName } from "../session/namespace.js";
import { Text } from "./text.js";

export function Actor({ name }: { readonly name: string }) {
  const namespace = useContext(NamespaceName);
  return (
    <a class="actor" href={address([namespace, "activity"], { actor: name })}>
      <Text max={60}>{name}</Text>
    </a>
  );
}
