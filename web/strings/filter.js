// Gives the words of filters, order and the bar above the rows.

import own from "./en/filter.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
