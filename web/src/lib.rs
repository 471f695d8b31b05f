//! The page of the data manager: templates rendered on the server, and the modules, styles and icons that it loads,
//! embedded in the binary.
//!
//! Always true: what comes from data is escaped where it is put into the page; no page has an inline script or style, so
//! it works under a Content-Security-Policy of `default-src 'self'`; assets are addressed by a hash of the whole build, so
//! they can be cached for ever. The first rows of a store are in the page itself.
//!
//! It does not know the storage engine or HTTP: it takes the JSON that the API answers and gives back text.

mod assets;
mod cells;
mod first_page;
mod pages;
mod shell;
mod strings;

pub use assets::{Asset, BUILD, asset, asset_url};
pub use cells::{Cell, KeyCell};
pub use first_page::{Column, FirstPage, Row};
pub use pages::{
    ErrorPage, LoginPage, Welcome, render_app, render_error, render_login, render_welcome,
};
pub use shell::{AppShell, Colour, Database, Environment, Person, Store, View};
