// The navigation: the catalogue's rooms that have pages, in their groups; the ledger's state at its foot.
import { Age } from "../kit/Age";
import { Brand } from "../kit/Brand";
import { count } from "../kit/figures";
import { Icon, isIcon } from "../kit/Icon";
import { Mark } from "../kit/Mark";
import { useCount, useCounts } from "./counts";
import { GROUPS, type Room } from "./room";
import { useRooms } from "./rooms";
import { useLedger } from "./ledger";
import { Link } from "./Link";
import { usePlace } from "./router";
import { useSources } from "./sources";

function RoomLink({ room, path }: { room: Room; path: string }) {
  const counts = useCounts();
  const current = path === `/${room.name}` || path.startsWith(`/${room.name}/`);
  const number = counts[room.name];
  const pages = room.pages.filter((page) => page.nav);
  if (room.open) {
    return <button type="button" className="item" title={room.title} onClick={() => room.open?.()}><Icon name={isIcon(room.name) ? room.name : "more"} /><span>{room.title}</span></button>;
  }
  return (
    <>
      <Link className="item" to={`/${room.name}`} title={room.title} aria-current={current ? (pages.length > 0 ? "true" : "page") : undefined}>
        <Icon name={isIcon(room.name) ? room.name : "more"} />
        <span>{room.title}</span>
        {number !== undefined && number > 0 && <span className="count">{count(number)}<span className="sr"> {room.counts}</span></span>}
      </Link>
      {current && pages.length > 0 && (
        <div className="sub">
          {pages.map((page) => <Link key={page.path} to={page.path} aria-current={path === page.path ? "page" : undefined}>{page.title}</Link>)}
        </div>
      )}
    </>
  );
}

export function Nav() {
  const { path } = usePlace();
  const rooms = useRooms();
  useCount("sources", useSources().value?.total);
  return (
    <nav className="nav" aria-label="Capabilities">
      <Link className="brand" to="/" aria-label="Assay, home"><Brand /><span>Assay</span></Link>
      {GROUPS.map((group) => {
        const here = rooms.filter((room) => room.group === group);
        if (here.length === 0) return null;
        return [<h2 key={group}>{group}</h2>, ...here.map((room) => <RoomLink key={room.name} room={room} path={path} />)];
      })}
      {rooms.some((room) => room.name === "evidence") && <Ledger />}
    </nav>
  );
}

function Ledger() {
  const { verification, total, error } = useLedger();
  const word = verification ? (verification.whole ? "Ledger verified" : "Ledger broken") : error ? "Ledger not known" : "Ledger";
  const state = verification ? (verification.whole ? "ok" : "critical") : "unknown";
  return (
    <Link className="foot" to="/evidence" title={word}>
      <b><Mark state={state} /><span>{word}</span></b>
      <span>{verification ? <>{count(total ?? verification.checked)} checks, <Age at={verification.at} /></> : error ? "can't be verified now" : "being verified"}</span>
    </Link>
  );
}
