//! What stands between the storage engine and its users.
pub mod keys;
pub mod transfer;
