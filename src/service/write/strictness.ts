/** Whether a write refuses what it does not know, or ignores it. */
import type { OperationOptions } from "../../api/index.js";
import type { ServiceParts } from "../parts.js";

/** The same options, with what the store does where they do not say. */
export function withStrictness<Options extends Pick<OperationOptions, "strict">>(
  { isStrict }: Pick<ServiceParts, "isStrict">,
  options: Options,
): Options & { readonly strict: boolean } {
  return { ...options, strict: options.strict ?? isStrict };
}
