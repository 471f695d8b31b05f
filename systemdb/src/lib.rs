//! What a server keeps about itself, and what it lets people automate.

pub mod tool;
