// Texts of this area, with those that all share. The module that shows them imports it.

import own from "./en/scripts.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
