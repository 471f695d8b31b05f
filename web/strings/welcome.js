// Gives the words of the first steps.

import own from "./en/welcome.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
