// Over which time: kept in the URL, so that a colleague sees the same.
import { useState } from "react";
import { Button } from "../../kit/Button";
import { range } from "../../kit/figures";
import { Icon } from "../../kit/Icon";
import { useKeys } from "../../kit/keys";
import { Menu, MenuEntry } from "../../kit/Menu";
import { setQuery } from "../../shell/router";
import { useSince } from "../../shell/sources";

const CHOICES: (number | null)[] = [15, 60, 360, 1_440, 10_080, 43_200, null];

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function SinceMenu() {
  const since = useSince();
  const [open, setOpen] = useState(false);
  useKeys({ t: { does: "Time range", run: () => setOpen(true) } });
  return (
    <Menu label="Time range" open={open} onOpen={setOpen} button={(props) => <Button icon="clock" {...props}>{capital(range(since))}<Icon name="down" small /></Button>}>
      {(close) => CHOICES.map((minutes) => (
        <MenuEntry key={minutes ?? "all"} checked={minutes === since} onChoose={() => { close(); setQuery({ since: minutes }); }}>{capital(range(minutes))}</MenuEntry>
      ))}
    </Menu>
  );
}
