// Where rows lie when the list is taller than a browser can scroll.
//
// Browsers cap the height of an element (about 17 to 33 million pixels), so a list of any length is shown through a
// scroller of a bounded height. Holds: small moves are one to one; a far move is in proportion; both ends can be reached;
// the true place (`top`) is a plain number of pixels that is exact for 2^53 / row height rows.

/** The tallest content that every browser takes. */
export const MAX_HEIGHT = 8_000_000;

/** The place in a list of rows of one height. */
export class ScrollMap {
  constructor() {
    this.count = 0;
    this.row = 28;
    this.view = 0;
    /** True place of the upper edge, in pixels from the first row. */
    this.top = 0;
    /** What the scroller says (its scrollTop). */
    this.physical = 0;
  }

  /** Height of all rows. */
  get height() {
    return this.count * this.row;
  }
  /** Height of the content of the scroller. */
  get content() {
    return Math.min(this.height, MAX_HEIGHT);
  }
  get maxTop() {
    return Math.max(0, this.height - this.view);
  }
  get maxPhysical() {
    return Math.max(0, this.content - this.view);
  }
  /** Whether the scroller is shorter than the list. */
  get mapped() {
    return this.height > MAX_HEIGHT;
  }
  /** What to add to a true place to get a place in the scroller. */
  get offset() {
    return this.physical - this.top;
  }

  /**
   * New measures; keeps the place as far as it still exists.
   * @param {{count?: number, row?: number, view?: number}} next
   */
  measure(next) {
    const first = this.row ? this.top / this.row : 0;
    this.count = next.count ?? this.count;
    this.row = next.row ?? this.row;
    this.view = next.view ?? this.view;
    this.go(first * this.row);
  }

  /**
   * Goes to a true place. The caller sets the scroller to `physical` after it.
   * @param {number} top
   */
  go(top) {
    this.top = Math.min(Math.max(0, top), this.maxTop);
    this.physical = this.ideal();
  }

  /** Where the scroller should stand for the true place. */
  ideal() {
    if (!this.mapped) return this.top;
    return this.maxTop === 0 ? 0 : Math.round((this.top / this.maxTop) * this.maxPhysical);
  }

  /**
   * The scroller moved by itself (wheel, touch, its own bar).
   * @param {number} physical its scrollTop now
   */
  moved(physical) {
    const delta = physical - this.physical;
    this.physical = physical;
    if (!this.mapped) this.top = Math.min(Math.max(0, physical), this.maxTop);
    else if (physical <= 0 && this.top < this.view * 4) this.top = 0;
    else if (physical >= this.maxPhysical && this.maxTop - this.top < this.view * 4) this.top = this.maxTop;
    else if (Math.abs(delta) > this.view * 3) this.top = (physical / this.maxPhysical) * this.maxTop;
    else this.top = Math.min(Math.max(0, this.top + delta), this.maxTop);
  }

  /** Whether the scroller has drifted so far that it should be put right when it rests. */
  get drifted() {
    return this.mapped && Math.abs(this.physical - this.ideal()) > 1;
  }

  /**
   * The rows to have in the page: those in view and `over` more on each side.
   * @param {number} over
   * @returns {{first: number, last: number}} last is one past the end
   */
  window(over) {
    const first = Math.max(0, Math.floor(this.top / this.row) - over);
    const last = Math.min(this.count, Math.ceil((this.top + this.view) / this.row) + over);
    return { first, last: Math.max(first, last) };
  }

  /** The first row that is wholly in view. */
  get firstVisible() {
    return Math.min(Math.max(0, this.count - 1), Math.max(0, Math.ceil((this.top - 1) / this.row)));
  }
  /** One past the last row that is at least half in view. */
  get lastVisible() {
    return Math.min(this.count, Math.max(this.firstVisible + 1, Math.floor((this.top + this.view + this.row / 2) / this.row)));
  }

  /**
   * The place that shows row `index`, moving as little as possible.
   * @param {number} index @param {number} [margin] pixels kept free above (a sticky head)
   */
  reveal(index, margin = 0) {
    const top = index * this.row;
    if (top < this.top + margin) return this.go(top - margin);
    if (top + this.row > this.top + this.view) return this.go(top + this.row - this.view);
  }
}
