export { html, svg, nothing, render, LitElement } from "lit";
export type { TemplateResult, PropertyValues } from "lit";
export { repeat } from "lit/directives/repeat.js";
export { live } from "lit/directives/live.js";
export { ref, createRef } from "lit/directives/ref.js";
