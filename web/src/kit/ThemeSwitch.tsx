// Light, dark, or as the system says; one press goes to the next.
import { useState } from "react";
import { Button } from "./Button";
import { chosenTheme, nextTheme, setTheme, type Theme } from "./theme";
import { Moon, Sun } from "lucide-react";

const WORDS: Record<Theme, string> = { system: "Theme: follows the system", light: "Theme: light", dark: "Theme: dark" };

export function ThemeSwitch() {
  const [theme, set] = useState<Theme>(chosenTheme);
  return (
    <Button kind="quiet" name={WORDS[theme]} onClick={() => { const next = nextTheme(theme); setTheme(next); set(next); }}>
      {theme === "system" ? (
        <svg className="icon" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="5.5" /><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" stroke="none" /></svg>
      ) : theme === "light" ? <Sun size={16} strokeWidth={1.5} aria-hidden="true" /> : <Moon size={16} strokeWidth={1.5} aria-hidden="true" />}
    </Button>
  );
}
