// What answers cost, as people read it.

import { t } from "../strings/settings.js";

/** @param {number | undefined} dollars */
export function money(dollars) {
  if (dollars === undefined) return "";
  if (dollars === 0) return "$0";
  if (dollars < 0.0001) return "< $0.0001";
  return `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`;
}

/** How a sharing level is called, from none to all. */
export const SHARING = /** @type {const} */ ([
  ["off", t("settings.off"), t("settings.no_model_is_asked")],
  ["schema", t("settings.schema"), t("settings.names_types_and_counts")],
  ["samples", t("settings.schema_samples"), t("settings.and_a_few_sample_values")],
  ["rows", t("shared.rows"), t("settings.and_rows_of_results")],
]);

/** @param {string | undefined} level */
export function sharingName(level) {
  return SHARING.find(([id]) => id === level)?.[1] ?? t("settings.schema");
}

/** Levels up to the most that the server allows. @param {string | undefined} most */
export function allowed(most) {
  const at = SHARING.findIndex(([id]) => id === most);
  return SHARING.slice(0, (at < 0 ? 1 : at) + 1);
}

/** @type {{[id: string]: string}} */
const PROVIDERS = { gemini: "Gemini", openai: "OpenAI-compatible", anthropic: "Anthropic", ollama: "Ollama", offline: t("shared.offline"), command: t("shared.command") };
/** @param {string | null | undefined} id */
export const providerName = (id) => (id ? (PROVIDERS[id] ?? id) : t("shared.offline"));
