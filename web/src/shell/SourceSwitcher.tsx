// What I look at: the database with its state, and the others to change to.
import { Icon } from "../kit/Icon";
import { Mark } from "../kit/Mark";
import { Menu, MenuEntry } from "../kit/Menu";
import { ENGINE_WORD, SOURCE_MARK, SOURCE_WORD } from "../kit/words";
import { here, navigate, usePlace } from "./router";
import { lookAt, useSource, useSources } from "./sources";

export function SourceSwitcher() {
  const { value } = useSources();
  const source = useSource();
  const { path } = usePlace();
  if (!source || !value) return null;
  const ofOne = path.startsWith("/workload/queries/");
  return (
    <Menu
      label="Databases"
      button={(props) => (
        <button type="button" className="source-button" title={`Database: ${source.name}, ${SOURCE_WORD[source.state]}`} {...props}>
          <span className="sr">Database</span>
          <Mark state={SOURCE_MARK[source.state]} />
          <span className="clip">{source.name}</span>
          <span className="sr">{SOURCE_WORD[source.state]}</span>
          <span className="t3 wide-only">{ENGINE_WORD[source.engine] ?? source.engine} {source.server_version}</span>
          <Icon name="down" small />
        </button>
      )}
    >
      {(close) => (
        <>
          {value.items.map((one) => (
            <MenuEntry key={one.id} checked={one.id === source.id} onChoose={() => { close(); if (ofOne) navigate(here(`/workload?source=${encodeURIComponent(one.name)}`)); else lookAt(one); }}>
              <Mark state={SOURCE_MARK[one.state]} />
              <span className="clip">{one.name}</span>
              <span className="end">{one.state === "online" ? one.where : SOURCE_WORD[one.state]}</span>
            </MenuEntry>
          ))}
          <div className="rule" />
          <MenuEntry onChoose={() => { close(); navigate(here("/sources/connect")); }}>Connect a database</MenuEntry>
          <MenuEntry onChoose={() => { close(); navigate(here("/sources")); }}>All sources</MenuEntry>
        </>
      )}
    </Menu>
  );
}
