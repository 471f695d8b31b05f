//! Tests of the whole tree.
