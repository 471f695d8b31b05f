// Gives the words of the review of staged edits.

import own from "./en/review.js";
import shared from "./en/shared.js";
import { texts } from "./texts.js";

export const { t, rich } = texts(own, shared);
