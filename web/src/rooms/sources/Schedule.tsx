// How often a source is scanned by itself, and the scans there were.
import type { ScanReport, ScanSchedule } from "@assay/client";
import { useState } from "react";
import { Age } from "../../kit/Age";
import { Card } from "../../kit/Card";
import { Empty } from "../../kit/Empty";
import { brief, count, dateTime, plural } from "../../kit/figures";
import { Menu, MenuEntry } from "../../kit/Menu";
import { Button } from "../../kit/Button";
import { Icon } from "../../kit/Icon";
import { Mark } from "../../kit/Mark";
import { Table, type Column } from "../../kit/Table";
import { keep, useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { Shown } from "../../shell/Shown";
import { toast, toastError } from "../../shell/toasts";

const CHOICES = [0, 1, 5, 15, 60, 360, 1_440];

function everyWord(minutes: number): string {
  if (minutes === 0) return "Only by hand";
  if (minutes < 60) return minutes === 1 ? "Every minute" : `Every ${plural(minutes, "minute")}`;
  if (minutes < 1_440) return minutes === 60 ? "Every hour" : `Every ${plural(minutes / 60, "hour")}`;
  return minutes === 1_440 ? "Every day" : `Every ${plural(minutes / 1_440, "day")}`;
}

const COLUMNS: Column<ScanReport>[] = [
  { key: "at", head: "When", cell: (row) => <Age at={row.at} /> },
  { key: "statements", head: "Statements", width: "col-112", num: true, cell: (row) => count(row.fingerprints) },
  { key: "new", head: "New", width: "col-76", num: true, hide: "hide-n", cell: (row) => count(row.new) },
  { key: "planned", head: "Planned", width: "col-92", num: true, cell: (row) => count(row.planned) },
  { key: "findings", head: "Findings", width: "col-92", num: true, cell: (row) => count(row.findings.length) },
  { key: "took", head: "Took", width: "col-92", num: true, cell: (row) => brief(row.took_ms) },
  { key: "note", head: "Note", width: "col-200", hide: "hide-n", cell: (row) => (row.partial.length > 0 ? <span className="status" title={row.partial.join("\n")}><Mark state="warning" />partial: {row.partial.length}</span> : row.reset ? <span className="t2">statistics were reset</span> : "") },
];

export function Schedule({ source }: { source: string }) {
  const key = `schedule:${source}`;
  const schedule = useAnswer<ScanSchedule>(key, (signal) => assay.get("/api/v1/sources/{source}/scan-schedule", { path: { source }, signal }));
  const scans = useAnswer(`scans:${source}`, (signal) => assay.get("/api/v1/scans", { query: { source, limit: 20 }, signal }));
  const [busy, setBusy] = useState(false);
  const set = async (minutes: number) => {
    setBusy(true);
    try {
      const next = await assay.put("/api/v1/sources/{source}/scan-schedule", { path: { source }, body: { every_minutes: minutes }, version: schedule.value?.version ?? 0 });
      keep(key, next);
      toast({ state: "ok", title: minutes === 0 ? "Scans only by hand" : `Scans ${everyWord(minutes).toLowerCase()}` });
    } catch (error) { toastError("Can't change the schedule", error); schedule.again(); }
    setBusy(false);
  };
  const now = schedule.value;
  return (
    <Card
      title="Scans" end={now && <>
        {now.next_at && <span className="hide-n">next {dateTime(now.next_at)}</span>}
        <Menu label="How often" button={(props) => <Button icon="clock" busy={busy} {...props}>{everyWord(now.every_minutes)}<Icon name="down" small /></Button>}>
          {(close) => CHOICES.map((minutes) => <MenuEntry key={minutes} checked={minutes === now.every_minutes} onChoose={() => { close(); void set(minutes); }}>{everyWord(minutes)}</MenuEntry>)}
        </Menu>
      </>}
    >
      <Shown answer={scans} what="the scans" rows={3} rowHeight={32} bare>
        {(page) => (page.items.length > 0
          ? <Table label="Scans, newest first" columns={COLUMNS} rows={page.items} rowKey={(row) => row.id} compact inner />
          : <Empty title="Not scanned yet">A scan reads the statistics of the server; scanned on a schedule, load can be told over time.</Empty>)}
      </Shown>
    </Card>
  );
}
