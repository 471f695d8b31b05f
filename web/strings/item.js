// Gives the words of one item: the inspector, its editor, a new one.

import own from "./en/item.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
