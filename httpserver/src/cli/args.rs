//! Flags of the commands. Flags beat the environment, which beats the settings file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sop_systemdb::accounts::Role;

use crate::config::{Chosen, Config, Secret, TlsConfig, read_file};

/// Where the model's key is in the environment. It is no flag: others on this machine can see flags.
const LLM_KEY: &str = "SOP_LLM_API_KEY";

/// Storage engine, data manager and their web page in one program.
#[derive(Debug, Parser)]
#[command(
    name = "sop-httpserver",
    version,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; serves when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of serving.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the page and the HTTP interface (what happens without a command, too).
    Serve(ServeArgs),
    /// Read all of a database and verify it.
    Check {
        /// Folder of the database.
        database: PathBuf,
    },
    /// Copy a database into a new folder.
    Backup {
        /// Folder of the database.
        database: PathBuf,
        /// Folder of the copy; new or empty.
        to: PathBuf,
    },
    /// Import JSON, NDJSON, CSV or Parquet into a store.
    Import(ImportArgs),
    /// Export a store as JSON, NDJSON, CSV or Parquet.
    Export(ExportArgs),
    /// Run SQL on a database.
    Query(QueryArgs),
    /// Manage who uses the server; with the first user, everybody has to sign in.
    User(UserArgs),
    /// List, show or run the scripts of a data folder.
    Script(ScriptArgs),
    /// Print the description of the HTTP interface.
    Openapi,
    /// Look whether this machine can run the server.
    Doctor(ServeArgs),
}

/// Which users, and what becomes of them. A server must not run over the folder meanwhile.
#[derive(Debug, Args)]
pub struct UserArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: UserCommand,
    /// Root folder of the databases [default: sop-data].
    #[arg(long, env = "SOP_DATA", value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
}

/// What becomes of users. Passwords are asked for in the terminal, or are the first line of standard input.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user.
    Add {
        /// Their name.
        name: String,
        /// What they may do: viewer, analyst, editor or admin.
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// Give a user another password; it ends their sessions.
    Password {
        /// Their name.
        name: String,
    },
    /// Remove a user, their sessions and tokens.
    Remove {
        /// Their name.
        name: String,
    },
    /// List the users.
    List,
}

/// Flags of serving.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line of its own"
)]
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Settings file (JSON); config.example.json shows every key.
    #[arg(long, env = "SOP_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Root folder of the databases [default: sop-data].
    #[arg(long, env = "SOP_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Port; 0 takes a free one [default: 8080].
    #[arg(long, env = "SOP_PORT")]
    pub port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long, env = "SOP_HOST")]
    pub host: Option<String>,
    /// A database folder to open for this run; made when it is missing. May be given several times.
    #[arg(long, value_name = "PATH")]
    pub database: Vec<PathBuf>,
    /// Make a database 'shop' with demo data when it is not there.
    #[arg(long)]
    pub demo: bool,
    /// Open the page in the browser [default: true].
    #[arg(long, env = "SOP_OPEN", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub open: Option<bool>,
    /// Ask for no token; on a loopback address only.
    #[arg(long)]
    pub no_auth: bool,
    /// Allow other machines to connect although there is no encryption.
    #[arg(long)]
    pub allow_remote: bool,
    /// A proxy with TLS is in front: other machines connect to that, and cookies are sent over TLS only.
    #[arg(long)]
    pub behind_tls_proxy: bool,
    /// The certificate of the server (PEM, with those that lead to a trusted one behind it): it speaks HTTPS.
    #[arg(long, env = "SOP_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// The private key of the certificate (PEM, without a password).
    #[arg(long, env = "SOP_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Level of the log: error, warn, info, debug, trace [default: info].
    #[arg(long, env = "SOP_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
    /// A fixed token instead of a random one. Others on this machine can see flags: the environment is better.
    #[arg(long, env = "SOP_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Whose model answers in the copilot: gemini, openai (or what speaks like it), anthropic, ollama; offline for nobody's. Its key is in the
    /// environment as `SOP_LLM_API_KEY`, or in a file that the settings name.
    #[arg(long, env = "SOP_LLM_PROVIDER", value_name = "NAME")]
    pub llm_provider: Option<Chosen>,
    /// Name of the model.
    #[arg(long, env = "SOP_LLM_MODEL", value_name = "NAME")]
    pub llm_model: Option<String>,
    /// Where the model is reached, when not at its provider.
    #[arg(long, env = "SOP_LLM_BASE_URL", value_name = "URL")]
    pub llm_base_url: Option<String>,
}

/// Flags of an import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Folder of the database; made when it is missing.
    pub database: PathBuf,
    /// Name of the store.
    pub store: String,
    /// File to read; standard input when it is '-'.
    pub file: PathBuf,
    /// json, ndjson, csv or parquet; seen from the file when missing.
    #[arg(long)]
    pub format: Option<String>,
    /// Fields that form the key, such as Country,Id.
    #[arg(long)]
    pub key: Option<String>,
    /// What happens to rows: insert, upsert or replace.
    #[arg(long, default_value = "insert")]
    pub mode: String,
    /// Make the store when it is missing.
    #[arg(long)]
    pub create: bool,
    /// Leave the key fields in the value too.
    #[arg(long)]
    pub keep_key: bool,
}

/// Flags of an export.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Folder of the database.
    pub database: PathBuf,
    /// Name of the store.
    pub store: String,
    /// File to write; standard output when it is missing or '-'.
    pub file: Option<PathBuf>,
    /// json, ndjson, csv or parquet; seen from the file's name when missing.
    #[arg(long)]
    pub format: Option<String>,
}

/// Flags of a query.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Folder of the database.
    pub database: PathBuf,
    /// One or more statements with semicolons between them.
    pub sql: String,
    /// A parameter: name=value for :name, or only a value for the next '?'. A value is JSON, or text
    /// when it is no JSON. May be given several times.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// table, csv, json or ndjson.
    #[arg(long, default_value = "table")]
    pub format: String,
    /// Allow statements that change something; no other process may have the database open then.
    #[arg(long)]
    pub write: bool,
}

/// What to do with scripts.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ScriptCommand,
}

/// The commands about scripts.
#[derive(Debug, Subcommand)]
pub enum ScriptCommand {
    /// List the saved scripts.
    List {
        /// Where they are.
        #[command(flatten)]
        place: ScriptPlace,
    },
    /// Print a script as JSON.
    Show {
        /// `Category.Name`, or a name that only one category has.
        name: String,
        /// Where it is.
        #[command(flatten)]
        place: ScriptPlace,
    },
    /// Run a script; no server may have its databases open when it changes something.
    Run {
        /// `Category.Name`, or a name that only one category has.
        name: String,
        /// Its arguments: name=value, or only a value for the next parameter. A value is JSON, or text when it is no JSON.
        arguments: Vec<String>,
        /// The database, where the script names none [default: the first].
        #[arg(long)]
        database: Option<String>,
        /// Show what would be changed and keep nothing.
        #[arg(long)]
        dry_run: bool,
        /// table shows everything that happens; csv, json and ndjson the rows of the last step that gives some.
        #[arg(long, default_value = "table")]
        format: String,
        /// Where it is.
        #[command(flatten)]
        place: ScriptPlace,
    },
}

/// Where scripts are.
#[derive(Debug, Default, Args)]
pub struct ScriptPlace {
    /// Root folder of the databases, as the server has it [default: sop-data].
    #[arg(long, env = "SOP_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file of the server.
    #[arg(long, env = "SOP_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ServeArgs {
    /// The complete settings: these over the file over the defaults, checked.
    ///
    /// # Errors
    /// The file is wrong, or the settings do not fit together.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(path) => Config::default().with_file(read_file(path)?),
            None => Config::default(),
        };
        set(&mut config.data, self.data.as_ref());
        set(&mut config.port, self.port.as_ref());
        set(&mut config.host, self.host.as_ref());
        set(&mut config.open, self.open.as_ref());
        set(&mut config.log, self.log.as_ref());
        config.databases.extend(self.database.iter().cloned());
        config.demo |= self.demo;
        config.allow_remote |= self.allow_remote;
        config.behind_tls_proxy |= self.behind_tls_proxy;
        config.tls = TlsConfig::over(
            self.tls_certificate.clone(),
            self.tls_key.clone(),
            config.tls,
        );
        config.auth &= !self.no_auth;
        if let Some(token) = &self.token {
            config.token = Some(Secret::new(token));
        }
        config.llm.choose(self.llm_provider);
        config.llm.model = self.llm_model.clone().or(config.llm.model);
        config.llm.base_url = self.llm_base_url.clone().or(config.llm.base_url);
        let key = std::env::var(LLM_KEY).ok();
        let key = key.filter(|key| !key.trim().is_empty());
        config.llm.key = key.map(|key| Secret::new(key.trim())).or(config.llm.key);
        config.llm.read_key().map_err(anyhow::Error::msg)?;
        config.check().map_err(anyhow::Error::msg)?;
        Ok(config)
    }
}

/// Puts a value in its place, when there is one.
fn set<T: Clone>(slot: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        slot.clone_from(value);
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split(' ')).unwrap()
    }

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_needs_no_command_and_flags_beat_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, r#"{"port": 9000, "data": "d", "open": false}"#).unwrap();
        let line = format!("sop-httpserver --port 9001 --config {}", file.display());
        let config = parse(&line).serve.config().unwrap();
        assert_eq!(config.port, 9001);
        assert_eq!(config.data, folder.path().join("d"));
        assert!(!config.open);
        let Some(Command::Serve(args)) =
            parse("sop-httpserver serve --open=false --no-auth").command
        else {
            unreachable!()
        };
        let config = args.config().unwrap();
        assert!(!config.open && !config.auth);
        assert_eq!(parse("sop-httpserver --open").serve.open, Some(true));
    }

    #[test]
    fn beyond_loopback_is_refused_without_the_flag() {
        let error = parse("sop-httpserver --host 0.0.0.0")
            .serve
            .config()
            .unwrap_err();
        assert!(error.to_string().contains("--allow-remote"));
        assert!(
            parse("sop-httpserver --host 0.0.0.0 --allow-remote")
                .serve
                .config()
                .is_ok()
        );
        assert!(
            parse("sop-httpserver --host 0.0.0.0 --allow-remote --no-auth")
                .serve
                .config()
                .is_err()
        );
    }
}
