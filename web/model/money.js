// What answers cost, as people read it.

/** @param {number | undefined} dollars */
export function money(dollars) {
  if (dollars === undefined) return "";
  if (dollars === 0) return "$0";
  if (dollars < 0.0001) return "< $0.0001";
  return `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`;
}

/** How a sharing level is called, from none to all. */
export const SHARING = /** @type {const} */ ([
  ["off", "Off", "No model is asked"],
  ["schema", "Schema", "Names, types and counts"],
  ["samples", "Schema + samples", "And a few sample values"],
  ["rows", "Rows", "And rows of results"],
]);

/** @param {string | undefined} level */
export function sharingName(level) {
  return SHARING.find(([id]) => id === level)?.[1] ?? "Schema";
}

/** Levels up to the most that the server allows. @param {string | undefined} most */
export function allowed(most) {
  const at = SHARING.findIndex(([id]) => id === most);
  return SHARING.slice(0, (at < 0 ? 1 : at) + 1);
}

/** @type {{[id: string]: string}} */
const PROVIDERS = { gemini: "Gemini", openai: "OpenAI-compatible", anthropic: "Anthropic", ollama: "Ollama", offline: "Offline", command: "Command" };
/** @param {string | null | undefined} id */
export const providerName = (id) => (id ? (PROVIDERS[id] ?? id) : "Offline");
