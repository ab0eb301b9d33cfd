// The top bar: where I am, what I look at, what runs, search or run, theme, me.
import { Menu, MenuEntry } from "../kit/Menu";
import { Icon } from "../kit/Icon";
import { ThemeSwitch } from "../kit/ThemeSwitch";
import { openPalette } from "./acts";
import { JobsMenu } from "./JobsMenu";
import { Link } from "./Link";
import { useCrumb } from "./crumb";
import type { Found } from "./rooms";
import { signOut, useSession } from "./session";
import { SourceSwitcher } from "./SourceSwitcher";

function Crumbs({ found }: { found: Found | null }) {
  const crumb = useCrumb((state) => state.word);
  if (!found) return <div className="crumbs"><b>Not found</b></div>;
  const { room, page } = found;
  const top = room.pages[0];
  const isTop = page === top;
  const under = page.path.includes(":") && room.pages.some((one) => one.nav);
  return (
    <div className="crumbs">
      {(!isTop || page.title !== room.title) && <><Link to={`/${room.name}`}>{room.title}</Link><Icon name="right" small /></>}
      {under && top && <><Link to={top.path}>{top.title}</Link><Icon name="right" small /></>}
      <b>{page.path.includes(":") ? (crumb ?? page.title) : page.title}</b>
    </div>
  );
}

function Me() {
  const me = useSession((session) => session.me);
  if (!me) return null;
  const initials = me.name.split(/[\s._@-]+/).filter(Boolean).slice(0, 2).map((word) => word.charAt(0).toUpperCase()).join("") || "?";
  return (
    <Menu label="Me" button={(props) => <button type="button" className="me" aria-label={`${initials}, signed in as ${me.name}`} title={`Signed in as ${me.name}`} {...props}>{initials}</button>}>
      {(close) => (
        <>
          <p className="says"><b className="text-text">{me.name}</b><br />{me.roles.length > 0 ? me.roles.join(", ") : "no role"}{me.scopes.length > 0 && <><br />{me.scopes.join(", ")}</>}</p>
          <div className="rule" />
          <MenuEntry onChoose={() => { close(); void signOut(); }}>Sign out</MenuEntry>
        </>
      )}
    </Menu>
  );
}

export function TopBar({ found }: { found: Found | null }) {
  return (
    <header className="top">
      <Crumbs found={found} />
      <span className="fill" />
      {found?.room.scoped && <SourceSwitcher />}
      <JobsMenu />
      <button className="find-button" type="button" title="Search or run" onClick={() => openPalette()}>
        <Icon name="search" /><span>Search or run</span> <kbd>Ctrl K</kbd>
      </button>
      <ThemeSwitch />
      <Me />
    </header>
  );
}
