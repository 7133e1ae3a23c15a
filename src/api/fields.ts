/**
 * What the fields of options take, written by hand: clients check options at their door as well, and a
 * library of schemas is larger than all the rest of them.
 */
import { describeUnknown } from "../domain/did-you-mean.js";
import { isJsonObject } from "../domain/json.js";

/** A value that does not fit, and what to send instead. */
export class Misfit {
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
  }
}

/** What a field takes: a value that is the caller's no more, or why it does not fit. */
export type Field<Value> = (given: unknown) => Value | Misfit;

export type Fields = Readonly<Record<string, Field<unknown>>>;

type Taken<One> = One extends Field<infer Value> ? Exclude<Value, Misfit> : never;
type Optional<Of extends Fields> = {
  [Name in keyof Of]: undefined extends Taken<Of[Name]> ? Name : never;
}[keyof Of];

/** What options are that have those fields. */
export type Read<Of extends Fields> = {
  readonly [Name in Exclude<keyof Of, Optional<Of>>]: Taken<Of[Name]>;
} & { readonly [Name in Optional<Of>]?: Taken<Of[Name]> };

export function optional<Value>(field: Field<Value>): Field<Value | undefined> {
  return (given) => (given === undefined ? undefined : field(given));
}

/** The field, where more must hold of its values: each rule has the problem when it does not. */
export function where<Value>(
  field: Field<Value>,
  ...rules: readonly (readonly [(value: Value) => boolean, string | ((value: Value) => string)])[]
): Field<Value> {
  return (given) => {
    const value = field(given);
    if (value instanceof Misfit) return value;
    const broken = rules.find(([holds]) => !holds(value));
    if (broken === undefined) return value;
    const [, problem] = broken;
    return new Misfit(typeof problem === "string" ? problem : problem(value));
  };
}

export function textField(problem = "Send a string."): Field<string> {
  return (given) => (typeof given === "string" ? given : new Misfit(problem));
}

export const flag: Field<boolean | undefined> = optional((given) =>
  typeof given === "boolean" ? given : new Misfit("Send true or false."),
);

/** A finite number between bounds, which are allowed themselves unless they are said to be open. */
export function numberField(
  problem: string,
  { min, max, above }: { readonly min?: number; readonly max?: number; readonly above?: number },
): Field<number> {
  return where(
    (given) => (Number.isFinite(given) && typeof given === "number" ? given : new Misfit(problem)),
    [(value) => above === undefined || value > above, `Send a number that is above ${above}.`],
    [(value) => min === undefined || value >= min, `Send a number that is at least ${min}.`],
    [(value) => max === undefined || value <= max, `Send a number that is at most ${max}.`],
  );
}

export function wholeNumber(
  problem: string,
  bounds: { readonly min?: number; readonly max?: number } = {},
): Field<number> {
  return where(numberField(problem, bounds), [Number.isSafeInteger, "Send a whole number."]);
}

export function choice<const Value extends string>(
  values: readonly Value[],
  problem = `Send one of ${values.join(", ")}.`,
): Field<Value> {
  return (given) => values.find((value) => value === given) ?? new Misfit(problem);
}

export function listOf<Value>(field: Field<Value>): Field<readonly Value[]> {
  return (given) => {
    if (!Array.isArray(given)) return new Misfit("Send an array.");
    const items: Value[] = [];
    for (const item of given) {
      const value = field(item);
      if (value instanceof Misfit) return value;
      items.push(value);
    }
    return items;
  };
}

/** What one field, or options as a whole, do not take. */
export interface FieldMisfit {
  /** Empty for options that are none. */
  readonly field: string;
  readonly problem: string;
  /** Whether the field is one that there is. */
  readonly isKnown: boolean;
}

/** The first fault of the options; none for those that fit, whose copies are then in `read`. */
export function takeFields(
  fields: Fields,
  options: unknown,
  read: Record<string, unknown> = {},
): FieldMisfit | undefined {
  if (!isJsonObject(options)) {
    const problem =
      options === undefined ? "It is required: send a JSON object." : "Send a JSON object.";
    return { field: "", problem, isKnown: false };
  }
  let known = 0;
  for (const [field, take] of entriesOf(fields)) {
    const isGiven = Object.hasOwn(options, field);
    const taken = take(isGiven ? options[field] : undefined);
    if (taken instanceof Misfit) return { field, problem: taken.problem, isKnown: true };
    if (!isGiven) continue;
    read[field] = taken;
    known += 1;
  }
  const given = Object.keys(options);
  if (given.length === known) return undefined;
  const unknown = given.filter((name) => !Object.hasOwn(fields, name));
  const [field] = unknown;
  if (field === undefined) return undefined;
  return { field, problem: describeUnknown(unknown, Object.keys(fields)), isKnown: false };
}

/** By the fields themselves, which are asked for with every call. */
const entries = new WeakMap<Fields, [string, Fields[string]][]>();

function entriesOf(fields: Fields): [string, Fields[string]][] {
  const known = entries.get(fields);
  if (known !== undefined) return known;
  const made = Object.entries(fields);
  entries.set(fields, made);
  return made;
}
