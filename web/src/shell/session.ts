// Who I am to the server, what it can do, and whether it answers at all.
import { AssayError, OfflineError, type Capability, type Me } from "@assay/client";
import { create } from "zustand";
import { assay } from "./client";

export type SignedIn = "asking" | "in" | "out" | "expired" | "refused";

interface Session {
  signedIn: SignedIn;
  me: Me | null;
  capabilities: readonly Capability[];
  /** Why a token was refused, or why the first question failed. */
  error: unknown;
  offline: boolean;
  /** Counts up each time the server came back. */
  returns: number;
}

export const useSession = create<Session>()(() => ({
  signedIn: "asking", me: null, capabilities: [], error: null, offline: false, returns: 0,
}));

/** Take a one-time token out of the address, so that it is neither kept nor shared. */
function takeToken(): string | null {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (token === null) return null;
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return token;
}

/** Sign in with the token in the address when there is one, then ask who I am and what is here. */
export async function startSession(): Promise<void> {
  const token = takeToken();
  if (token !== null) {
    try {
      await assay.post("/api/v1/sign-in", { body: { token } });
    } catch (error) {
      if (!(error instanceof AssayError)) { noteOffline(error); return; }
      const me = await assay.get("/api/v1/me").catch(() => null);
      if (me === null) { useSession.setState({ signedIn: "refused", error }); return; }
    }
  }
  await askWho();
}

/** Ask who I am and what the server can do. */
export async function askWho(): Promise<void> {
  try {
    const [me, { capabilities }] = await Promise.all([assay.get("/api/v1/me"), assay.get("/api/v1/capabilities")]);
    useSession.setState({ signedIn: "in", me, capabilities, error: null });
    noteOnline();
  } catch (error) {
    if (error instanceof AssayError && error.status === 401) {
      useSession.setState((now) => ({ signedIn: now.me ? "expired" : "out", error }));
    } else if (!noteOffline(error)) useSession.setState({ error });
  }
}

/** Sign in with a token that was typed. */
export async function signIn(token: string): Promise<void> {
  await assay.post("/api/v1/sign-in", { body: { token } });
  await askWho();
}

export async function signOut(): Promise<void> {
  await assay.post("/api/v1/sign-out").catch(() => undefined);
  useSession.setState({ signedIn: "out", me: null, error: null });
}

/** Learn from any failed question: the session ended, or nobody answers. */
export function noteError(error: unknown): void {
  if (error instanceof AssayError && error.status === 401) useSession.setState((now) => ({ signedIn: now.me ? "expired" : "out" }));
  else noteOffline(error);
}

export function noteOnline(): void {
  if (useSession.getState().offline) useSession.setState((now) => ({ offline: false, returns: now.returns + 1 }));
}

let probing = false;

function noteOffline(error: unknown): boolean {
  if (!(error instanceof OfflineError)) return false;
  useSession.setState({ offline: true, error: useSession.getState().me ? null : error });
  if (!probing) void probe();
  return true;
}

/** Knock until somebody answers. */
async function probe(): Promise<void> {
  probing = true;
  for (let tries = 0; useSession.getState().offline; tries++) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(8_000, 1_000 * 1.6 ** tries)));
    try {
      await assay.open("/healthz", { cache: "no-store" });
      noteOnline();
      if (useSession.getState().signedIn === "asking") await askWho();
    } catch (error) {
      if (error instanceof AssayError) noteOnline();
    }
  }
  probing = false;
}

/** Whether an operation is there, and mine to ask: "workload.measure". */
export function useCan(operation: string): boolean {
  return useSession((session) => session.capabilities.some((one) => one.operations.some((known) => known.name === operation && known.allowed)));
}
