// The keys that work here now, and the switch that turns the single ones off.
import { useState } from "react";
import { Button } from "../kit/Button";
import { Dialog } from "../kit/Dialog";
import { knownKeys, setSingleKeys, singleKeys } from "../kit/keys";

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const [known] = useState(knownKeys);
  const [on, setOn] = useState(singleKeys);
  return (
    <Dialog title="Keys" wide onClose={onClose} acts={<Button onClick={onClose}>Close</Button>}>
      <div className="keys-list">
        {known.map(([key, does]) => <div key={key}><span>{does}</span><span className="row gap-1">{key.split(" ").map((one) => <kbd key={one}>{one.replace("Escape", "Esc").replace("Ctrl+k", "Ctrl K")}</kbd>)}</span></div>)}
      </div>
      <label className="row mt-2"><input type="checkbox" checked={on} onChange={(event) => { setOn(event.target.checked); setSingleKeys(event.target.checked); }} /> Keys without Ctrl work</label>
    </Dialog>
  );
}
