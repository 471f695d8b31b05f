// Gives the words of settings: the server, users, knowledge.

import own from "./en/settings.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
