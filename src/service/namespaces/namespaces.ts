/** The namespaces of a store for one caller. Each write is a unit in the namespace that it is about. */
import type {
  ListNamespacesResponse,
  NamespaceAnswer,
  NamespaceDeleted,
  NamespaceRead,
  NamespaceWritten,
  ServedCaller,
  ServedNamespaceListQuery,
  ServedNamespaces,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { assertText, readOptions, WriteFields } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { BucketsError, invariant } from "../../domain/errors.js";
import { toJson } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { assertNamespace, looksLikeNamespaceId } from "../../domain/namespace/name.js";
import { CreateNamespaceRequest, PatchNamespaceRequest } from "../../domain/namespace/requests.js";
import {
  type CountedNamespace,
  namespaceTag,
  renderNamespace,
} from "../../domain/namespace/response.js";
import { namespaceSecrets } from "../../domain/namespace/secrets.js";
import type { NamespaceState } from "../../domain/namespace/state.js";
import { namespaceDeleted, namespaceNotFound } from "../../domain/not-found.js";
import { checkStrays } from "../../domain/request-fields.js";
import { stateOfKind } from "../../domain/resource.js";
import { parseBody, requireObject } from "../../domain/schemas.js";
import { namespaceDeletionTask } from "../../domain/task.js";
import type { Asker, KnownCaller } from "../asker.js";
import { sealFields } from "../keys/seal-fields.js";
import type { ServiceParts } from "../parts.js";
import { ownQuery } from "../read/lists.js";
import { knownPoint } from "../read/namespace-past.js";
import { PastReading } from "../read/past-reads.js";
import { type AskedPoint, asPoint, Past, type Subject } from "../read/stream-past.js";
import { withStrictness } from "../write/strictness.js";
import {
  accompanying,
  type Checked,
  type Done,
  preconditionOf,
  preparedOnce,
} from "../write/writing.js";
import { writtenOf } from "../write/written.js";
import { listNamespaces } from "./lists.js";
import { namespacesAt } from "./namespaces-at.js";

interface NamespaceParts {
  readonly parts: ServiceParts;
  readonly caller: KnownCaller;
  /** A caller with every default filled in. */
  readonly known: (caller: ServedCaller) => KnownCaller;
}

export class NamespacesService extends PastReading<"namespace"> implements ServedNamespaces {
  readonly #service: NamespaceParts;
  readonly #past: Past<"namespace">;

  constructor(service: NamespaceParts) {
    super();
    this.#service = service;
    this.#past = new Past(service.parts, subject(service.parts));
  }

  protected async past(): Promise<Past<"namespace">> {
    return this.#past;
  }

  as(caller: ServedCaller): ServedNamespaces {
    return new NamespacesService({ ...this.#service, caller: this.#service.known(caller) });
  }

  async create(body: unknown, given: WriteOptions = {}): Promise<NamespaceWritten> {
    const { parts } = this.#service;
    const options = withStrictness(parts, readOptions(WriteFields, given));
    const json = requireObject(toJson(body ?? {}));
    const { namespace_name: name } = parseBody(CreateNamespaceRequest, json);
    const { fields, secrets } = sealFields(parts, json, CreateNamespaceRequest, namespaceSecrets);
    const ignored = checkStrays(json, CreateNamespaceRequest, options.strict);
    const sealed = secrets.map(({ reference }) => reference);
    const target = { kind: "new", id: parts.newId("ns") } as const;
    return await this.#write(name, options, {
      call: ["create_namespace", json],
      command: { target, command: { type: "create_namespace", fields, sealed }, secrets },
      render: (done) => this.#answer(done, ignored),
    });
  }

  async patch(
    namespace: string,
    patch: unknown,
    given: WriteOptions = {},
  ): Promise<NamespaceWritten> {
    const { parts } = this.#service;
    const options = withStrictness(parts, readOptions(WriteFields, given));
    const json = requireObject(toJson(patch ?? {}));
    const { fields, secrets } = sealFields(parts, json, PatchNamespaceRequest, namespaceSecrets);
    const ignored = checkStrays(json, PatchNamespaceRequest, options.strict);
    const sealed = secrets.map(({ reference }) => reference);
    const name = await this.nameOf(namespace);
    return await this.#write(name, options, {
      call: ["patch_namespace", name, json],
      command: preparedOnce(async () => ({
        target: { kind: "unowned", id: (await this.#made(namespace, name)).namespace_id },
        command: { type: "patch_namespace", fields, sealed },
        secrets,
      })),
      render: (done) => this.#answer(done, ignored),
    });
  }

  async delete(namespace: string, given: WriteOptions = {}): Promise<NamespaceDeleted> {
    const { parts } = this.#service;
    const options = {
      ...readOptions(WriteFields, given),
      transactionId: parts.newId("txn"),
    };
    const name = await this.nameOf(namespace);
    const call = ["delete_namespace", name];
    // Deleting it changes what is asked about: what was done under the key is looked for first.
    const known = (await parts.units.findDone(this.#asker(name), call, options)).at(-1);
    if (known !== undefined) return deletionOf(known);
    const content = await this.#content(name);
    const taskId = parts.newId("task");
    const deletion: Checked<NamespaceDeleted> = {
      call,
      reason: options.reason,
      precondition: preconditionOf(options),
      precededBy: content.deletions,
      command: preparedOnce(async () => ({
        target: { kind: "unowned", id: (await this.#made(namespace, name)).namespace_id },
        command: { type: "delete_namespace", taskId, ...content.counts },
      })),
      render: async (done) => deletionOf(done),
    };
    return await parts.units.writeOne(this.#asker(name), deletion, options);
  }

  /** What goes with the namespace, each by an event of its own. */
  async #content(name: string) {
    const { view, newId } = this.#service.parts;
    const [counted] = await view.namespaces(name);
    const bucketIds = await this.#existing("bucket", name);
    const connectionIds = await this.#existing("connection", name);
    const count = bucketIds.length + connectionIds.length;
    if (count > limits.namespaceDeletionMax) {
      throw new BucketsError(
        "CONFLICT",
        `The namespace "${name}" holds ${count} buckets and connections, and at most ${limits.namespaceDeletionMax} are deleted with it: delete some of them first.`,
        { namespace: name, bucket_count: bucketIds.length, connection_count: connectionIds.length },
      );
    }
    return {
      deletions: [
        ...bucketIds.map((identifier) =>
          accompanying({
            target: { kind: "existing", identifier },
            command: { type: "delete_bucket", taskId: newId("task") },
          }),
        ),
        ...connectionIds.map((id) =>
          accompanying({ target: { kind: "unowned", id }, command: { type: "delete_connection" } }),
        ),
      ],
      counts: { bucketCount: bucketIds.length, objectCount: counted?.objectCount ?? 0 },
    };
  }

  async #existing(kind: "bucket" | "connection", name: string): Promise<readonly string[]> {
    const { view } = this.#service.parts;
    const existing: string[] = [];
    for (const id of await view.idsOf(kind, name)) {
      if ((await view.state(id))?.deleted === undefined) existing.push(id);
    }
    return existing;
  }

  async get(
    namespace: string,
    options: { asOf?: string | undefined } = {},
  ): Promise<NamespaceRead> {
    assertAsked("get", options);
    assertText(namespace, "namespace");
    const point = asPoint(options.asOf, "as_of");
    const name = await this.nameOf(namespace);
    if (point !== undefined) return await this.#getAsOf(namespace, name, point);
    const made = await this.#service.parts.view.findNamespace(namespace);
    if (made?.deleted !== undefined) throw namespaceDeleted(made);
    const [counted] = await this.#service.parts.view.namespaces(name);
    if (counted === undefined) throw namespaceNotFound(namespace);
    return answerOf(counted);
  }

  async #getAsOf(identifier: string, name: string, asked: AskedPoint): Promise<NamespaceRead> {
    const { parts } = this.#service;
    const current = await this.#past.lookup(identifier);
    // One that nobody made has no versions, and may have been there before it was made.
    const located =
      current !== undefined && asked.point.kind === "version"
        ? await this.#past.locate(current, asked)
        : undefined;
    const { point, isFinal } =
      located === undefined
        ? await knownPoint(parts, name, asked)
        : { point: located.upTo, isFinal: located.isFinal };
    const { namespaces } = await namespacesAt(parts, point, isFinal, name);
    const [counted] = namespaces;
    if (counted === undefined) throw namespaceNotFound(identifier, asked.text);
    const { state } = counted;
    const past = state && {
      recordedAt: Date.parse(state.updated_at),
      isFinal,
      latestVersion: current?.version ?? state.version,
    };
    return { ...answerOf(counted), ...(past !== undefined && { past }) };
  }

  async list(given: ServedNamespaceListQuery = {}): Promise<ListNamespacesResponse> {
    return await listNamespaces(this.#service.parts, ownQuery(given, "serveNamespaces"));
  }

  async nameOf(identifier: string): Promise<string> {
    assertText(identifier, "namespace");
    if (!looksLikeNamespaceId(identifier)) {
      assertNamespace(identifier);
      return identifier;
    }
    const state = await this.#service.parts.view.findNamespace(identifier);
    return state?.namespace ?? identifier;
  }

  /** @throws NOT_FOUND; CONFLICT for one that is there only by what is in it. */
  async #made(identifier: string, name: string): Promise<NamespaceState> {
    const { view } = this.#service.parts;
    const state = await view.findNamespace(identifier);
    if (state?.deleted !== undefined) throw namespaceDeleted(state);
    if (state !== undefined) return state;
    const [implicit] = await view.namespaces(name);
    if (implicit === undefined) throw namespaceNotFound(identifier);
    throw new BucketsError(
      "CONFLICT",
      `Nobody made the namespace "${name}": it is there by what is in it. Make it first: POST /v1/namespaces.`,
      { resource: "namespace", namespace: name },
    );
  }

  async #write(
    name: string,
    options: WriteOptions,
    what: Pick<Checked<NamespaceWritten>, "call" | "command" | "render">,
  ): Promise<NamespaceWritten> {
    const { reason } = options;
    const checked = { ...what, reason, precondition: preconditionOf(options) };
    return await this.#service.parts.units.writeOne(this.#asker(name), checked, options);
  }

  #asker(namespace: string): Asker {
    return { namespace, caller: this.#service.caller };
  }

  /** What was written, with what was in it then. */
  async #answer(done: Done, ignoredFields: readonly string[]): Promise<NamespaceWritten> {
    const { recorded, replayed } = done;
    const state = stateOfKind("namespace", done.state);
    const { view } = this.#service.parts;
    const { namespaces } = replayed
      ? await namespacesAt(
          this.#service.parts,
          { kind: "position", position: recorded.position },
          true,
          state.namespace,
        )
      : { namespaces: await view.namespaces(state.namespace) };
    const { bucketCount, objectCount } = namespaces[0] ?? { bucketCount: 0, objectCount: 0 };
    const counted = { name: state.namespace, state, bucketCount, objectCount };
    const { namespace, tag } = answerOf(counted);
    return { ...writtenOf(done, ignoredFields), namespace, tag };
  }
}

function subject({ view }: Pick<ServiceParts, "view">): Subject<"namespace"> {
  return {
    kind: "namespace",
    find: (identifier) => view.findNamespace(identifier),
    notFound: async (identifier) => namespaceNotFound(identifier),
  };
}

function answerOf(counted: CountedNamespace): NamespaceAnswer {
  return {
    namespace: renderNamespace(counted),
    version: counted.state?.version ?? 0,
    position: counted.state?.position ?? 0,
    tag: namespaceTag(counted),
  };
}

function deletionOf(done: Done): NamespaceDeleted {
  const state = stateOfKind("namespace", done.state);
  const task = namespaceDeletionTask(state);
  invariant(task !== undefined, `${state.namespace_id} was not deleted`);
  return { ...writtenOf(done, []), task };
}
