/** What there is to say of a thing, with dots between; what is absent leaves none. */
import { type ComponentChildren, Fragment } from "preact";

export function Dotted({ parts }: { readonly parts: Readonly<Record<string, ComponentChildren>> }) {
  const said = Object.entries(parts).filter(([, part]) => part !== undefined);
  return (
    <>
      {said.map(([name, part], index) => (
        <Fragment key={name}>
          {index > 0 && " · "}
          {part}
        </Fragment>
      ))}
    </>
  );
}
