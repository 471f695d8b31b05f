// Gives the words of what all values look like, and of faults in texts that are read.

import own from "./en/core.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
