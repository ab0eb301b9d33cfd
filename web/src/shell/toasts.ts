// Results of what I started, at most three at a time; never the only place of a fact.
import { create } from "zustand";
import { errorWords } from "../kit/Failed";
import type { ToastWords } from "../kit/Toast";

export const useToasts = create<{ toasts: ToastWords[] }>()(() => ({ toasts: [] }));

let next = 1;

export function toast(words: Omit<ToastWords, "id">): void {
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, { ...words, id: next++ }].slice(-3) }));
}

export function toastError(title: string, error: unknown): void {
  toast({ state: "critical", title, text: errorWords(error) });
}

export function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((one) => one.id !== id) }));
}
