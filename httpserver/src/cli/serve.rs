//! Serving: from the settings to a running server and its orderly end.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use super::{ServeArgs, start_log};
use crate::config::{Config, Secret};
use crate::environments::Environments;
use crate::error::ApiResult;
use crate::registry::{Attach, Registry, Settings};
use crate::security::random_token;
use crate::serve::{StopSignal, Tls, bind, open_in_browser, serve};
use crate::{AppState, app};

/// Name of the demo database.
const DEMO: &str = "shop";

/// Serves until the process is asked to stop.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut config = args.config()?;
    start_log(&config.log)?;
    if config.auth && config.token.is_none() {
        config.token = Some(Secret::new(random_token()?));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(until_stopped(config))?;
    // Work that does not end (it was given its time) must not keep the process alive.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

async fn until_stopped(mut config: Config) -> anyhow::Result<()> {
    // Before the line that says it runs: whoever reads that may stop it at once.
    let signal = StopSignal::new().context("Signals cannot be watched")?;
    let tls = config.tls.as_ref().map(Tls::open).transpose()?;
    // The port first: a second start then fails before it touches a database.
    let listener = bind(&config.host, config.port).await?;
    let port = listener
        .local_addr()
        .context("The port cannot be asked for")?
        .port();
    let environments = Environments::open(&config)?;
    let users = environments.accounts().is_on();
    config.check_users(users).map_err(anyhow::Error::msg)?;
    if users {
        // People sign in: the token of the run opens nothing.
        config.token = None;
    }
    if config.demo {
        make_demo(environments.first());
    }
    let state = AppState::new(&config, port, environments);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", authority(&config.host, port));
    announce(&config, &base);
    if config.open {
        open_page(&state, &base);
    }
    let schedules = tokio::spawn(crate::scripts::keep_schedules(state.clone()));
    serve(
        listener,
        tls,
        app(state.clone()),
        &config.limits,
        stop(signal, state.clone()),
    )
    .await;
    schedules.abort();
    tracing::info!("closing the databases");
    let close = move || {
        state.audit().close();
        state.environments().close_all();
    };
    tokio::task::spawn_blocking(close).await?;
    Ok(())
}

/// Ends at the first wish to stop; a second one ends the process at once.
async fn stop(mut signal: StopSignal, state: AppState) {
    signal.wait().await;
    // These would wait for somebody, and the others for them.
    state.pausing().close();
    tracing::info!("stopping: running requests may end; once more stops at once");
    tokio::spawn(async move {
        signal.wait().await;
        std::process::exit(130);
    });
}

fn authority(host: &str, port: u16) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(std::net::IpAddr::V6(address)) if address.is_unspecified() => format!("[::1]:{port}"),
        Ok(std::net::IpAddr::V6(_)) => format!("[{host}]:{port}"),
        Ok(std::net::IpAddr::V4(address)) if address.is_unspecified() => {
            format!("127.0.0.1:{port}")
        }
        _ => format!("{host}:{port}"),
    }
}

/// The one line on standard output. Others read it, so it never changes its form.
fn announce(config: &Config, base: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading; the server serves all the same.
    let _ = writeln!(out, "{}", address_line(config, base));
    let _ = out.flush();
}

fn address_line(config: &Config, base: &str) -> String {
    let token = config.token.as_ref().filter(|_| config.auth);
    let query = token.map(|token| {
        let pair = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.expose())
            .finish();
        format!("?{pair}")
    });
    format!("listening on {base}/{}", query.unwrap_or_default())
}

fn open_page(state: &AppState, base: &str) {
    if state.access().is_open() || state.accounts().is_on() {
        return open_in_browser(&format!("{base}/"));
    }
    // Other users of the machine may see command lines: a ticket is good only once.
    match state.access().ticket() {
        Ok(ticket) => open_in_browser(&format!("{base}/?token={ticket}")),
        Err(error) => tracing::debug!(%error, "no ticket for the browser"),
    }
}

/// Makes the demo when it is not there. The server is of use without it, so a failure is only said.
fn make_demo(registry: &Registry) {
    let made = || -> ApiResult<()> {
        if registry.get(DEMO).is_err() {
            registry.attach(&Attach {
                name: DEMO.to_owned(),
                path: None,
                settings: Settings::default(),
            })?;
        }
        if registry.database(DEMO)?.status().stores == 0 {
            crate::demo::fill(&registry.writable(DEMO)?)?;
        }
        Ok(())
    };
    if let Err(error) = made() {
        tracing::warn!(%error, "the demo database could not be made");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_others_read_has_its_form() {
        let mut config = Config {
            token: Some(Secret::new("abc&d")),
            ..Config::default()
        };
        let base = format!("http://{}", authority("127.0.0.1", 8080));
        let line = address_line(&config, &base);
        assert_eq!(line, "listening on http://127.0.0.1:8080/?token=abc%26d");
        config.auth = false;
        assert_eq!(
            address_line(&config, &base),
            "listening on http://127.0.0.1:8080/"
        );
        assert_eq!(authority("::1", 80), "[::1]:80");
        assert_eq!(authority("0.0.0.0", 80), "127.0.0.1:80");
    }
}
