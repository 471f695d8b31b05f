// Gives the words of the designer and the page of databases.

import own from "./en/design.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
