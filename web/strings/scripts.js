// Gives the words of the studio of scripts.

import own from "./en/scripts.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
