/** An image, a sound or a film. A URL that has ended meanwhile is replaced, and the place in it is kept. */
import { useRef, useState } from "preact/hooks";
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import type { ShownKind } from "./signed-url.js";

interface PlayerProps {
  readonly kind: Exclude<ShownKind, "text">;
  readonly name: string;
  readonly url: string;
  readonly askUrl: () => Promise<string>;
}

export function Player({ kind, name, url: first, askUrl }: PlayerProps) {
  const [url, setUrl] = useState(first);
  const [isBroken, setBroken] = useState(false);
  const place = useRef<PlaceInMedia>(beginning);
  const resumed = useRef<PlaceInMedia>(beginning);
  const isNew = useRef(false);
  const renew = useAction(async () => {
    const next = await askUrl();
    isNew.current = true;
    setUrl(next);
    setBroken(next === url);
  });
  const shown = () => {
    isNew.current = false;
  };
  // What fails under a URL that was just signed is no better under another.
  const failed = () => (isNew.current ? setBroken(true) : void renew.run());
  if (renew.error !== undefined) return <Failure error={renew.error} again={renew.run} />;
  if (isBroken) return <p class="soft">The browser cannot show what this holds.</p>;
  if (kind === "image") return <img src={url} alt={name} onLoad={shown} onError={failed} />;
  const Media = kind;
  const note = ({ currentTarget }: { readonly currentTarget: HTMLMediaElement }) => {
    place.current = { seconds: currentTarget.currentTime, isPlaying: !currentTarget.paused };
  };
  return (
    <Media
      src={url}
      controls
      preload="metadata"
      aria-label={name}
      onTimeUpdate={note}
      onSeeking={note}
      onLoadedMetadata={({ currentTarget }) => {
        const { seconds, isPlaying } = resumed.current;
        resumed.current = beginning;
        if (seconds > 0) currentTarget.currentTime = seconds;
        if (isPlaying) void currentTarget.play();
        shown();
      }}
      onError={() => {
        // Kept apart: under another URL it begins at its beginning, and says so.
        resumed.current = place.current;
        failed();
      }}
    />
  );
}

interface PlaceInMedia {
  readonly seconds: number;
  readonly isPlaying: boolean;
}

const beginning: PlaceInMedia = { seconds: 0, isPlaying: false };
