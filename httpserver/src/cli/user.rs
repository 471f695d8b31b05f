//! Managing users without a server: the first administrator, and a way back in for who forgot their password.
//!
//! A password is never an argument: others on the machine can see those.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use sop_systemdb::accounts::{Accounts, NewUser, UserChange};

use super::{UserArgs, UserCommand, note, say};
use crate::config::Config;
use crate::registry::ACCOUNTS;

/// Runs a command on the users of a data root.
pub(super) fn run(args: &UserArgs) -> anyhow::Result<ExitCode> {
    let data = args.data.clone().unwrap_or_else(|| Config::default().data);
    let accounts = open(&data)?;
    match &args.command {
        UserCommand::Add { name, role } => {
            let first = !accounts.is_on();
            let user = accounts.add_user(&NewUser {
                name: name.clone(),
                password: password(name)?,
                role: *role,
                ..NewUser::default()
            })?;
            say(&format!(
                "{} was made, with the role {}.\n",
                user.name, user.role
            ))?;
            if first {
                note(
                    "From now on everybody signs in: the token that the server printed opens nothing any more.\n",
                );
            }
        }
        UserCommand::Password { name } => {
            let name = accounts.user(name)?.name;
            let change = UserChange {
                password: Some(password(&name)?),
                ..UserChange::default()
            };
            accounts.change_user(&name, &change)?;
            say(&format!(
                "{name} has another password, and no sessions any more.\n"
            ))?;
        }
        UserCommand::Remove { name } => {
            let user = accounts.remove_user(name)?;
            say(&format!("{} was removed.\n", user.name))?;
        }
        UserCommand::List => {
            for user in accounts.users() {
                let disabled = if user.disabled { "\tdisabled" } else { "" };
                say(&format!("{}\t{}{disabled}\n", user.name, user.role))?;
            }
        }
    }
    accounts.close();
    Ok(ExitCode::SUCCESS)
}

fn open(data: &Path) -> anyhow::Result<Accounts> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("The data folder {} cannot be made", data.display()))?;
    let folder: PathBuf = data.canonicalize()?.join(ACCOUNTS);
    Ok(Accounts::open(folder)?)
}

/// Asks for a new password: twice in a terminal, without showing it; once where lines are piped in.
fn password(name: &str) -> anyhow::Result<String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        let mut line = String::new();
        input.lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let first = asked(&format!("Password for {name}: "))?;
    let again = asked("The same once more: ")?;
    anyhow::ensure!(
        first == again,
        "The two passwords differ. Nothing was changed."
    );
    Ok(first)
}

fn asked(question: &str) -> anyhow::Result<String> {
    let input = std::io::stdin();
    let mut out = std::io::stderr().lock();
    out.write_all(question.as_bytes())?;
    out.flush()?;
    let shown = tcgetattr(&input)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Flush, &hidden)?;
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    // Shown again whatever happened.
    let restored = tcsetattr(&input, OptionalActions::Flush, &shown);
    out.write_all(b"\n")?;
    read?;
    restored?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
