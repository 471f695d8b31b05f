// Gives the words of signing in and out and the own account.

import own from "./en/account.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
