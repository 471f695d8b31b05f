// Gives the words of what is around everything: bars, explorer, palette, environments, stores and databases.

import own from "./en/shell.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
