// Copies a text and says so for a moment.
import { useEffect, useState } from "react";
import { Button } from "./Button";
import { copyText } from "./copy";

export function CopyButton({ text, children = "Copy", kind = "quiet", name }: { text: string | (() => string | Promise<string>); children?: string; kind?: "quiet" | "line" | "primary"; name?: string }) {
  const [done, setDone] = useState<"yes" | "no" | null>(null);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), 1_600);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    const value = typeof text === "string" ? text : await text();
    setDone((await copyText(value)) ? "yes" : "no");
  };
  const word = done === "yes" ? "Copied" : done === "no" ? "Can't copy" : children;
  return (
    <Button kind={kind} icon={done === "yes" ? "check" : "copy"} onClick={() => void copy()} aria-label={name && done === null ? name : undefined}>
      <span aria-live="polite">{word}</span>
    </Button>
  );
}
