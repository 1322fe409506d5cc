/** What this display remembers: theme, language, degrees, when it dims. A browser that forbids storage forgets them. */
export const THEMES = ["night", "day", "red"] as const;
export const LANGUAGES = ["en", "fr", "de", "es"] as const;
export const DEGREES = ["°C", "°F"] as const;
/** Minutes without a touch after which a kiosk dims; "0": never. */
export const DIMS = ["0", "1", "5", "15"] as const;
export type Theme = (typeof THEMES)[number];
export type Language = (typeof LANGUAGES)[number];

function recall<T extends string>(key: string, allowed: readonly T[]): T | undefined {
  try {
    const kept = localStorage.getItem(key);
    return allowed.find((value) => value === kept);
  } catch {
    return undefined;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // private mode: the choice lasts as long as the page
  }
}

function spoken(): Language {
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2));
  return wanted.flatMap((tag) => LANGUAGES.filter((language) => language === tag))[0] ?? "en";
}

class Prefs {
  theme: Theme = $state(recall("tbms.theme", THEMES) ?? "night");
  language: Language = $state(recall("tbms.language", LANGUAGES) ?? spoken());

  degrees: (typeof DEGREES)[number] = $state(recall("tbms.degrees", DEGREES) ?? "°C");
  dim: (typeof DIMS)[number] = $state(recall("tbms.dim", DIMS) ?? "5");

  setDegrees(degrees: (typeof DEGREES)[number]): void {
    this.degrees = degrees;
    remember("tbms.degrees", degrees);
  }

  setDim(dim: (typeof DIMS)[number]): void {
    this.dim = dim;
    remember("tbms.dim", dim);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    remember("tbms.theme", theme);
    this.apply();
  }

  setLanguage(language: Language): void {
    this.language = language;
    remember("tbms.language", language);
    this.apply();
  }

  /** Put both on the document: the style sheet and screen readers take them from there. */
  apply(): void {
    document.documentElement.dataset["theme"] = this.theme;
    document.documentElement.lang = this.language;
  }
}

export const prefs = new Prefs();

/** Words kept under a key that are still allowed, in their order; `otherwise` where there are none. */
export function recallList<T extends string>(key: string, allowed: readonly T[], otherwise: T[] = []): T[] {
  try {
    const kept = localStorage.getItem(key)?.split(",") ?? [];
    const found = allowed.filter((value) => kept.includes(value));
    return found.length ? found : otherwise;
  } catch {
    return otherwise;
  }
}

export { remember as rememberText };
