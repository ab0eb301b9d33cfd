// A button: ink for the one act of a view, line, quiet, or danger (only in a confirm).
import type { ButtonHTMLAttributes, Ref } from "react";
import { Icon, type IconName } from "./Icon";
import { Mark } from "./Mark";

type Kind = "primary" | "line" | "quiet" | "danger";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  icon?: IconName;
  /** Only the icon is drawn; this names it, and is its tooltip. */
  name?: string;
  busy?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
}

export function Button({ kind = "line", icon, name, busy = false, buttonRef, children, className = "", ...rest }: Props) {
  const classes = ["btn", kind === "line" ? "" : kind, name !== undefined ? "only-icon" : "", className].filter(Boolean).join(" ");
  return (
    <button type="button" ref={buttonRef} className={classes} aria-label={name} title={name} aria-busy={busy || undefined} {...rest}>
      {busy ? <Mark state="busy" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
