// Gives the words of the copilot.

import own from "./en/copilot.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
