// A store while it is written: fields from its kind's params, secrets that are kept unless typed anew.
import type { KindParam, SaveStore, StoreKind, StoreLine } from "@assay/client";

/** What the server shows in place of a secret; sent back it means: unchanged. */
export const KEPT = "******";

/** A value that is typed, or a secret that the server keeps and that is left as it is. */
export interface Value {
  text: string;
  kept: boolean;
}

export interface Draft {
  name: string;
  kind: string;
  /** Where the plugin listens already. */
  address: string;
  description: string;
  url: Value;
  username: string;
  password: Value;
  readOnly: boolean;
  disabled: boolean;
  /** Of the kind's params, by key. */
  params: Readonly<Record<string, Value>>;
  /** Other properties. */
  more: readonly { key: string; value: Value }[];
}

const typed = (text: string): Value => ({ text, kept: false });

/** A value as the server shows it, without what is secret in it. */
function shown(text: string): Value {
  return text === KEPT ? { text: "", kept: true } : typed(text);
}

/** What goes back: typed anew, or unchanged. */
function sent({ text, kept }: Value): string {
  return text === "" && kept ? KEPT : text;
}

export function paramsOf(kind: StoreKind | undefined): readonly KindParam[] {
  return kind?.params ?? [];
}

/** A new store of a kind: its params at their defaults. */
export function fresh(kind: StoreKind | undefined): Draft {
  const params = Object.fromEntries(paramsOf(kind).map((one) => [one.key, typed(one.defaultValue === KEPT ? "" : one.defaultValue)]));
  return { name: "", kind: kind?.name ?? "", address: kind?.url ?? "", description: "", url: typed(""), username: "", password: typed(""), readOnly: false, disabled: false, params, more: [] };
}

/** A store that there is. */
export function draftOf(store: StoreLine): Draft {
  const known = new Set(paramsOf(store.kind ?? undefined).map((one) => one.key));
  const values = new Map(store.properties.map((one) => [one.key, shown(one.value)]));
  return {
    name: store.name, kind: store.kind?.name ?? "", address: store.kind?.url ?? "", description: store.description,
    url: shown(store.url), username: store.username, password: shown(store.password), readOnly: store.readOnlyByFile, disabled: store.disabled,
    params: Object.fromEntries([...known].map((key) => [key, values.get(key) ?? typed("")])),
    more: [...values].filter(([key]) => !known.has(key)).map(([key, value]) => ({ key, value })),
  };
}

/** What the page itself can see before asking, by field. */
export function wrongWith(draft: Draft): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (draft.name.trim() === "") wrong.name = "A name is needed; “orders” for example.";
  else if (draft.name.trim().length > 100) wrong.name = "At most 100 letters.";
  if (draft.kind.trim() === "") wrong["kind.name"] = "A plugin is needed: the name of its program.";
  draft.more.forEach(({ key, value }, at) => {
    if (key.trim() === "" && (value.text !== "" || value.kept)) wrong[`more.${at}`] = "A property needs a name.";
    else if (key.trim() !== "" && (key.trim() in draft.params || draft.more.findIndex((one) => one.key.trim() === key.trim()) < at)) wrong[`more.${at}`] = "There is a property of this name already.";
  });
  return wrong;
}

/** The store as it is to be saved; what the form does not show stays as it was. */
export function bodyOf(draft: Draft, kind: StoreKind | undefined, before: StoreLine | null): SaveStore {
  const params = Object.entries(draft.params).map(([key, value]) => ({ key, value: sent(value) }));
  const more = draft.more.map((one) => ({ key: one.key.trim(), value: sent(one.value) }));
  const described = new Map((before?.properties ?? []).map((one) => [one.key, one.description]));
  const unlisted: StoreKind = { name: draft.kind.trim(), url: "", enabled: true, dependencies: [], link: "", params: [], categories: [] };
  return {
    name: draft.name.trim(), owner: before?.owner ?? "", description: draft.description, url: sent(draft.url),
    username: draft.username, password: sent(draft.password), ready: false, readOnly: draft.readOnly, disabled: draft.disabled,
    kind: { ...(kind ?? unlisted), url: draft.address.trim() },
    properties: [...params, ...more].filter((one) => one.key !== "" && one.value !== "").map((one) => ({ ...one, description: described.get(one.key) ?? "" })),
  };
}

/** The field of the form that a refusal of the server is about; null when it shows none. */
export function fieldOf(field: string | null, draft: Draft): string | null {
  if (field === null) return null;
  const key = field.startsWith("properties.") ? field.slice("properties.".length) : null;
  if (key !== null && key in draft.params) return `params.${key}`;
  const at = key === null ? -1 : draft.more.findIndex((one) => one.key.trim() === key);
  if (at >= 0) return `more.${at}`;
  return ["name", "kind.name", "kind.url", "description", "url", "username", "password"].includes(field) ? field : null;
}
