/**
 * Whom somebody trusts who checks proofs (C2SP tlog-policy): the keys of logs, and which witnesses must
 * have signed along. It is theirs, a file of lines, and never comes with a proof.
 */
import { BucketsError } from "../domain/errors.js";
import { cosignersOf, type NoteVerifier, parseCosigner, parseVerifier } from "./note.js";

export interface Policy {
  readonly logs: readonly NoteVerifier[];
  readonly witnesses: readonly NoteVerifier[];
  /** Whether those are enough. */
  isQuorum(cosigners: readonly NoteVerifier[]): boolean;
}

type Rule = Policy["isQuorum"];

/** @throws BAD_REQUEST naming the line that is not understood. */
export function parsePolicy(text: string): Policy {
  const reader = new PolicyReader();
  for (const [at, line] of text.split("\n").entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]?.startsWith("#") === true) continue;
    try {
      reader.next(words);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new BucketsError("BAD_REQUEST", `Line ${at + 1} of the policy: ${why}`, {}, error);
    }
  }
  return reader.end();
}

/**
 * The witnesses of the policy who have signed the checkpoint along.
 * @throws PROOF_INVALID when they are not enough, or a signature of one does not hold.
 */
export function assertQuorum(note: string, policy: Policy): readonly NoteVerifier[] {
  const cosigners = cosignersOf(note, policy.witnesses);
  if (policy.isQuorum(cosigners)) return cosigners;
  const names = cosigners.map(({ name }) => name).join(", ") || "none";
  throw new BucketsError(
    "PROOF_INVALID",
    `The checkpoint lacks the witnesses that your policy asks for: ${names} of them signed it.`,
  );
}

class PolicyReader {
  readonly #logs: NoteVerifier[] = [];
  readonly #witnesses: NoteVerifier[] = [];
  /** Witnesses and groups by their names, which mean nothing outside of the file. */
  readonly #rules = new Map<string, Rule>([["none", () => true]]);
  readonly #members = new Set<string>();
  #quorum: Rule | undefined;

  next([kind = "", ...words]: readonly string[]): void {
    switch (kind) {
      case "log": {
        const [vkey = "", ...rest] = words;
        assertUrl(rest);
        addKey(this.#logs, parseVerifier(vkey));
        return;
      }
      case "witness": {
        const [name = "", vkey = "", ...rest] = words;
        assertUrl(rest);
        const witness = parseCosigner(vkey);
        addKey(this.#witnesses, witness);
        this.#define(name, (cosigners) => cosigners.includes(witness));
        return;
      }
      case "group": {
        const [name = "", threshold = "", ...members] = words;
        const rules = members.map((member) => this.#memberOf(member));
        const needed = neededOf(threshold, rules.length);
        this.#define(name, (cosigners) => rules.filter((rule) => rule(cosigners)).length >= needed);
        return;
      }
      case "quorum": {
        const [name = "", ...rest] = words;
        if (rest.length > 0 || this.#quorum !== undefined) {
          throw badLine("there is one quorum, of one name.");
        }
        this.#quorum = this.#ruleOf(name);
        return;
      }
      default:
        throw badLine(`"${kind}" is none of log, witness, group and quorum.`);
    }
  }

  end(): Policy {
    const [logs, witnesses, isQuorum] = [this.#logs, this.#witnesses, this.#quorum];
    if (isQuorum !== undefined) return { logs, witnesses, isQuorum };
    throw badLine("The policy has no line for its quorum: `quorum none` asks for no witness.");
  }

  #define(name: string, rule: Rule): void {
    if (this.#rules.has(name)) throw badLine(`"${name}" is taken.`);
    this.#rules.set(name, rule);
  }

  #ruleOf(name: string): Rule {
    const rule = this.#rules.get(name);
    if (rule !== undefined) return rule;
    throw badLine(`"${name}" is no witness and no group of a line before.`);
  }

  /** Each witness counts in one way alone. */
  #memberOf(name: string): Rule {
    if (name === "none" || this.#members.has(name)) {
      throw badLine(`"${name}" cannot be a member, or is one already.`);
    }
    this.#members.add(name);
    return this.#ruleOf(name);
  }
}

function neededOf(threshold: string, count: number): number {
  if (count === 0) throw badLine("a group has members.");
  if (threshold === "all") return count;
  const needed = threshold === "any" ? 1 : Number(threshold);
  if ((threshold === "any" || /^[1-9][0-9]*$/.test(threshold)) && needed <= count) return needed;
  throw badLine(`"${threshold}" is none of all, any and a count from 1 to ${count}.`);
}

/** One key under two names would be counted twice. */
function addKey(keys: NoteVerifier[], key: NoteVerifier): void {
  if (keys.some(({ publicKey }) => publicKey.equals(key.publicKey))) {
    throw badLine("its key is in a line before.");
  }
  keys.push(key);
}

function assertUrl(rest: readonly string[]): void {
  if (rest.length > 1) throw badLine("a URL is all that may follow the key.");
}

function badLine(why: string): BucketsError {
  return new BucketsError("BAD_REQUEST", why);
}
