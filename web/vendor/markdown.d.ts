export { Marked } from "marked";
export type { Token, Tokens } from "marked";
export { default as createPurifier } from "dompurify";
