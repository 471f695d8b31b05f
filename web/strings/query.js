// Gives the words of the query workbench.

import own from "./en/query.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
