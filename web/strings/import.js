// Gives the words of imports.

import own from "./en/import.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
