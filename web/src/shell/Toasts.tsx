// The corner where results of what I started are told.
import { useCallback } from "react";
import { Toast, type ToastWords } from "../kit/Toast";
import { dismiss, useToasts } from "./toasts";

function Told({ toast }: { toast: ToastWords }) {
  const gone = useCallback(() => dismiss(toast.id), [toast.id]);
  return <Toast toast={toast} onGone={gone} />;
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  if (toasts.length === 0) return null;
  return <section className="toasts" aria-label="Results">{toasts.map((one) => <Told key={one.id} toast={one} />)}</section>;
}
