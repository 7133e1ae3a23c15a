/**
 * Text of others: always text. What would run into its surroundings, the marks that turn the
 * direction of writing, is kept inside; what cannot be seen is shown by its name.
 */

const unseen =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

interface TextProps {
  readonly children: string;
  /** Longer text ends in how much more there is. */
  readonly max?: number;
}

const lengthMax = 2_000;

export function Text({ children, max = lengthMax }: TextProps) {
  const isLong = children.length > max;
  const shown = visible(isLong ? children.slice(0, max) : children);
  return (
    <bdi>
      {shown}
      {isLong && (
        <span class="soft">
          {" "}
          … {(children.length - max).toLocaleString("en-GB")} more characters
        </span>
      )}
    </bdi>
  );
}

/** Characters that cannot be seen, or that turn the direction of others, by their code points. */
export function visible(text: string): string {
  return text.replace(
    unseen,
    (character) =>
      `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}
