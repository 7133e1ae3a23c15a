/** The headers that name content which somebody else chose: its file name and its media type. */
import { limits } from "../domain/limits.js";

/**
 * `Content-Disposition` for a download (RFC 6266), with the name in full (RFC 8187) beside one in
 * ASCII where they differ. What could end the header, leave the folder, or turn the name around on
 * a screen becomes `_`.
 */
export function attachment(filename: string | undefined): string {
  if (filename === undefined || filename === "") return "attachment";
  const name = filename
    .slice(0, limits.nameLengthMax)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Bidi_Control}/\\]/gu, "_");
  const ascii = name.replaceAll(/[^ -~]|["%]/gu, "_");
  const full = ascii === name ? "" : `; filename*=UTF-8''${encodeExtended(name)}`;
  return `attachment; filename="${ascii}"${full}`;
}

/** Percent-encoded but for what RFC 8187 calls an attr-char. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const mediaTypePattern = /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}$/i;
const charsetPattern = /^\s*charset="?[\w-]{1,40}"?\s*$/i;

/** The media type if it is one, with a charset at most; else `application/octet-stream`. */
export function safeMediaType(declared: string | undefined): string {
  const [type = "", ...parameters] = (declared ?? "").split(";");
  if (!mediaTypePattern.test(type.trim())) return "application/octet-stream";
  const charset = parameters.find((parameter) => charsetPattern.test(parameter));
  return charset === undefined ? type.trim() : `${type.trim()}; ${charset.trim()}`;
}
