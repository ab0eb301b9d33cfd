// The frame of every page: navigation, top bar, the room's page, evidence beside it, what floats above.
import type { Verdict } from "@assay/client";
import { Suspense, useCallback, useMemo, useState } from "react";
import { Brand } from "../kit/Brand";
import { Button } from "../kit/Button";
import { EvidenceDoor } from "../kit/evidence-door";
import { useKeys, type Keys } from "../kit/keys";
import { Loading } from "../kit/Loading";
import { Mark } from "../kit/Mark";
import { Sql } from "../kit/Sql";
import { openPalette, useActs } from "./acts";
import { Boundary } from "./Boundary";
import { Drawer } from "./Drawer";
import { Expired } from "./Expired";
import { useFactStream } from "./facts";
import { KeysDialog } from "./KeysDialog";
import { Nav } from "./Nav";
import { NotFound } from "./NotFound";
import { Palette } from "./Palette";
import { findPage, goTo, useRooms } from "./rooms";
import { setQuery, usePlace } from "./router";
import { useSession } from "./session";
import { Toasts } from "./Toasts";
import { TopBar } from "./TopBar";

const NAV_SHUT = "assay.nav-shut";

function navShut(): boolean {
  try { return localStorage.getItem(NAV_SHUT) !== null; } catch { return false; }
}

export function Frame() {
  const place = usePlace();
  const rooms = useRooms();
  const { offline, signedIn } = useSession();
  useFactStream();
  const [keysOpen, setKeysOpen] = useState(false);
  const [shut, setShut] = useState(navShut);
  const [told, setTold] = useState<Record<string, Verdict>>({});
  const openKeys = useCallback(() => setKeysOpen(true), []);
  const found = findPage(rooms, place.path);
  const proof = place.query.get("evidence");
  const beside = found?.room.beside;
  const named = beside ? place.query.get(beside.word) : null;
  const showEvidence = useCallback((id: string, verdict?: Verdict) => {
    if (verdict) setTold((before) => ({ ...before, [id]: verdict }));
    setQuery({ evidence: id }, { replace: new URLSearchParams(window.location.search).has("evidence") });
  }, []);
  const toggleNav = () => {
    setShut(!shut);
    try { if (shut) localStorage.removeItem(NAV_SHUT); else localStorage.setItem(NAV_SHUT, "1"); } catch { /* storage is off */ }
  };

  const jumps = useMemo(() => Object.fromEntries(rooms.filter((room) => room.key).map((room): [string, Keys[string]] => [
    `g ${room.key ?? ""}`, { does: room.title, run: () => goTo(room) },
  ])), [rooms]);
  useKeys({
    ...jumps,
    "Ctrl+k": { does: "Search or run", run: () => openPalette(), always: true },
    "?": { does: "Keys", run: openKeys },
    "[": { does: "Fold the navigation", run: toggleNav },
    ".": { does: "Acts of the row", run: () => openPalette(useActs.getState().row.length > 0 ? "row" : "all") },
    "/": { does: "Search in the page", run: () => document.querySelector<HTMLInputElement>("main input[type='search']")?.focus() },
  });

  return (
    <EvidenceDoor.Provider value={showEvidence}>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <div className={`app ${shut ? "nav-closed" : ""}`}>
        <Nav />
        <div>
          <TopBar found={found} />
          {offline && (
            <div className="bar-note" role="status">
              <Mark state="offline" /><span><b className="strong">Assay does not answer.</b> <span className="t2">What stands here is the last that was read. It is asked again by itself.</span></span>
            </div>
          )}
          <div className={`split ${proof || named ? "open" : ""}`}>
            <main id="main" tabIndex={-1}>
              <Boundary key={place.path}>
                <Suspense fallback={<Loading rows={8} what="the page" />}>
                  {found ? <found.page.page params={found.params} /> : <NotFound path={place.path} />}
                </Suspense>
              </Boundary>
            </main>
            {proof && <Drawer id={proof} verdict={told[proof] ?? null} onOpen={showEvidence} onClose={() => setQuery({ evidence: null }, { replace: true })} />}
            {!proof && beside && named && <Suspense fallback={null}><beside.panel key={named} name={named} onClose={() => setQuery({ [beside.word]: null }, { replace: true })} /></Suspense>}
          </div>
        </div>
      </div>
      <Suspense fallback={null}>{rooms.map((room) => room.floats && <room.floats key={room.name} />)}</Suspense>
      <Palette onKeys={openKeys} />
      {keysOpen && <KeysDialog onClose={() => setKeysOpen(false)} />}
      {signedIn === "expired" && <Expired />}
      <Toasts />
    </EvidenceDoor.Provider>
  );
}

/** Nobody has answered yet. */
export function Waiting() {
  const { offline } = useSession();
  return (
    <div className="app">
      <nav className="nav" aria-label="Capabilities"><span className="brand"><Brand /><span>Assay</span></span></nav>
      <div>
        <header className="top" />
        <main id="main" tabIndex={-1}>
          {offline ? (
            <section className="card"><div className="empty">
              <h1 className="text-20 font-semibold">Assay does not answer</h1>
              <p>Nothing listens at {window.location.host}. It is asked again by itself; start it on its machine:</p>
              <Sql sql="assay up" framed label="The command that starts Assay" />
              <div className="row"><Button icon="replay" onClick={() => window.location.reload()}>Try again</Button></div>
            </div></section>
          ) : <><h1 className="sr">Assay</h1><Loading rows={8} what="Assay" /></>}
        </main>
      </div>
    </div>
  );
}
