//! The connection loop: own, because it bounds what the framework's does not (connections, time
//! for headers, clients that do not take their answer) and ends in order.

mod accept;
mod browser;
pub mod files;
mod quiet;
mod signals;
mod stall;
mod tls;

pub use accept::{bind, serve};
pub use browser::open_in_browser;
pub use signals::StopSignal;
pub use tls::Tls;
