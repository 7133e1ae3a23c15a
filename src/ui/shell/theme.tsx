/** Light, dark, or as the system is: remembered by this browser, and nothing else is. */
import { useEffect } from "preact/hooks";
import { Cell, useCell } from "../cell.js";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const storageKey = "bucketlog.theme";
const stored = localStorage.getItem(storageKey);
const theme = new Cell<Theme>(themes.find((known) => known === stored) ?? "system");

const marks = { system: "◐", light: "☀", dark: "☾" } as const;

export function ThemeButton() {
  const shown = useCell(theme);
  useEffect(() => {
    document.documentElement.dataset["theme"] = shown;
  }, [shown]);
  const next = themes[(themes.indexOf(shown) + 1) % themes.length] ?? "system";
  const choose = () => {
    localStorage.setItem(storageKey, next);
    theme.set(next);
  };
  return (
    <button
      type="button"
      class="plain"
      aria-label={`Theme: ${shown}. Change to ${next}.`}
      title={`Theme: ${shown}`}
      onClick={choose}
    >
      {marks[shown]}
    </button>
  );
}
