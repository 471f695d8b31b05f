// Gives the words of the grid of rows.

import own from "./en/grid.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
