//! Scripts, drafts and the system database as those who use them see them.

mod check;
mod drafts;
mod host;
mod hostile;
mod run;
mod side_by_side;
mod speed;
mod system;
