// A diagram as a file: its colours from the page's own, and PNG from SVG by a canvas. Nothing leaves the browser.

import { t } from "../../strings/design.js";

const SCALE = 2;
const MOST_PIXELS = 12_000;

/** The colours of the page as they are now. @param {Element} place */
export function colours(place) {
  const probe = document.createElement("i");
  place.append(probe);
  const of = (/** @type {string} */ name) => {
    probe.style.color = `var(${name})`;
    return plain(getComputedStyle(probe).color);
  };
  const ink = { sheet: of("--sheet"), frame: of("--frame"), ink: of("--ink"), soft: of("--ink-3"), line: of("--line-hard"), edge: of("--ink-3"), hover: of("--sunk") };
  probe.remove();
  return ink;
}

/** A colour that every program which draws SVG understands. @param {string} colour */
function plain(colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  if (!context) return colour;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return `#${[r, g, b].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {string} svg @returns {Promise<Blob>} */
export async function pngOf(svg) {
  const image = new Image();
  const bytes = new TextEncoder().encode(svg);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  image.src = `data:image/svg+xml;base64,${btoa(binary)}`;
  await image.decode();
  const scale = Math.min(SCALE, MOST_PIXELS / Math.max(1, image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("design.the_browser_could_not_make_the_picture")))), "image/png"));
}
