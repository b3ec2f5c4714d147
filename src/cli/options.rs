//! Options that commands share. Where Ansible has a letter, it is the same letter here.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum, ValueHint};
use clap_complete::engine::ArgValueCompleter;

use crate::cli::candidates;
use crate::report::ReportKind;
use crate::ui::{Colour, Output, Ui};

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Inventory: file, folder, or names with commas; may be repeated
    #[arg(short, long, global = true, value_name = "PATH", env = "DPPCTL_INVENTORY")]
    pub inventory: Vec<String>,
    /// Only these hosts: `kafka:&prod:!k3`, `~regex`, `@file`
    #[arg(short, long, global = true, value_name = "PATTERN", add = ArgValueCompleter::new(candidates::hosts))]
    pub limit: Option<String>,
    /// Variables: `k=v`, JSON or YAML, `@file`; may be repeated
    #[arg(short, long, global = true, value_name = "VARS")]
    pub extra_vars: Vec<String>,
    /// Say more (-v ok steps, -vv commands, -vvv output, -vvvv connection)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say less
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose")]
    pub quiet: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto)]
    pub color: ColourArg,
    /// Form of the output
    #[arg(short, long, global = true, value_enum, value_name = "FORM", default_value_t = OutputArg::Auto)]
    pub output: OutputArg,
    /// One JSON document on standard output: --output json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// No bars; lines stay
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// A report as a file: junit=PATH, md=PATH, html=PATH or jsonl=PATH; may be repeated
    #[arg(long, global = true, value_name = "KIND=PATH", value_parser = report)]
    pub report: Vec<(ReportKind, PathBuf)>,
    /// Settings file instead of the nearest dppctl.toml
    #[arg(long, global = true, value_name = "FILE", env = "DPPCTL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of the project
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Read no settings file
    #[arg(long, global = true)]
    pub no_config: bool,
}

/// `--color`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ColourArg {
    /// When standard error is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputArg {
    /// What fits: bars on a terminal, lines elsewhere, sections in CI
    Auto,
    /// Bars and lines
    Tty,
    /// Lines
    Plain,
    /// One JSON document
    Json,
    /// The stream of events, a JSON document a line
    Jsonl,
    /// Lines and annotations for GitHub
    Github,
    /// Lines and sections for GitLab
    Gitlab,
}

fn report(text: &str) -> Result<(ReportKind, PathBuf), String> {
    const FORMS: &str = "write junit=PATH, md=PATH, html=PATH or jsonl=PATH";
    let (name, path) = text.split_once('=').ok_or(FORMS)?;
    let kind = ReportKind::named(name).ok_or_else(|| format!("there is no report `{name}`: {FORMS}"))?;
    if path.is_empty() { Err("the path is missing".to_owned()) } else { Ok((kind, path.into())) }
}

/// Which tasks and hosts.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectionArgs {
    /// Only tasks with these tags
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// No tasks with these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub skip_tags: Vec<String>,
    /// Leave out what stands before this task: its name, `role : name`, or a pattern with `*`
    #[arg(long, value_name = "NAME")]
    pub start_at_task: Option<String>,
    /// Ask before each task: yes, no, or on to the end
    #[arg(long)]
    pub step: bool,
}

/// How it is done.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct HowArgs {
    /// Hosts worked on at a time
    #[arg(short, long, value_name = "N", env = "DPPCTL_FORKS")]
    pub forks: Option<usize>,
    /// Only look, say what would be done; dppctl's own agent is all that is put on hosts
    #[arg(short = 'C', long, alias = "dry-run")]
    pub check: bool,
    /// Show differences of files
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// How hosts go through a play, whatever it says
    #[arg(long, value_enum, value_name = "STRATEGY")]
    pub strategy: Option<StrategyArg>,
    /// Sizes of batches, whatever a play says: `2`, `25%`, `1,25%,100%`
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    pub serial: Vec<String>,
    /// Stop when more hosts of a batch than this have failed, whatever a play says
    #[arg(long, value_name = "N", value_parser = percentage)]
    pub max_fail_percentage: Option<f64>,
    /// Run notified handlers on hosts that failed, too
    #[arg(long)]
    pub force_handlers: bool,
    /// Go on with the next batch although a host is out of reach
    #[arg(long)]
    pub ignore_unreachable: bool,
    /// Write what happens to this file while it happens, a JSON document a line; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub events: Option<PathBuf>,
}

fn percentage(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse().ok().filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "a number from 0 to 100 is wanted".to_owned())
}

/// `--strategy`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum StrategyArg {
    /// Step by step: none begins a step before all ended the one before
    Linear,
    /// Each host on its own
    Free,
}

/// As whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Privilege")]
pub(super) struct PrivilegeArgs {
    /// Become another user
    #[arg(short, long)]
    pub r#become: bool,
    /// Which one
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,
    /// By which programme
    #[arg(long, value_enum, value_name = "METHOD", env = "DPPCTL_BECOME_METHOD")]
    pub become_method: Option<BecomeMethodArg>,
    /// Ask for the password of sudo or su
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,
    /// File with the password of sudo or su, or a programme that prints it
    #[arg(long, value_name = "FILE", env = "DPPCTL_BECOME_PASSWORD_FILE")]
    pub become_password_file: Option<PathBuf>,
}

/// How hosts are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectionArgs {
    /// Who logs in
    #[arg(short, long, value_name = "USER", env = "DPPCTL_USER")]
    pub user: Option<String>,
    /// Ask for the password of the login
    #[arg(short = 'k', long)]
    pub ask_pass: bool,
    /// File with the password of the login, or a programme that prints it
    #[arg(long, value_name = "FILE", env = "DPPCTL_CONNECTION_PASSWORD_FILE")]
    pub connection_password_file: Option<PathBuf>,
    /// Private key
    #[arg(long, alias = "key-file", value_name = "FILE")]
    pub private_key: Option<PathBuf>,
    /// File with the passphrase of encrypted private keys, or a programme that prints it
    #[arg(long, value_name = "FILE", env = "DPPCTL_KEY_PASSPHRASE_FILE")]
    pub key_passphrase_file: Option<PathBuf>,
    /// Seconds to wait for a connection
    #[arg(short = 'T', long, alias = "timeout", value_name = "SECONDS")]
    pub connect_timeout: Option<u64>,
    /// ssh or local
    #[arg(short, long, value_enum, value_name = "KIND")]
    pub connection: Option<ConnectionArg>,
    /// OpenSSH's configuration instead of ~/.ssh/config
    #[arg(long, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
    /// What to do about unknown host keys
    #[arg(long, value_enum, value_name = "POLICY")]
    pub host_key_checking: Option<HostKeyArg>,
    #[command(flatten)]
    pub vault: VaultArgs,
}

/// Which passwords open what is encrypted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct VaultArgs {
    /// Ask for the password of the vault
    #[arg(short = 'J', long, global = true, alias = "ask-vault-password")]
    pub ask_vault_pass: bool,
    /// Password of a vault id: LABEL@FILE or LABEL@prompt; may be repeated
    #[arg(long, global = true, value_name = "ID")]
    pub vault_id: Vec<String>,
    /// File with the vault's password, or a programme that prints it
    #[arg(long, global = true, value_name = "FILE", env = "DPPCTL_VAULT_PASSWORD_FILE")]
    pub vault_password_file: Option<PathBuf>,
}

/// `--connection`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ConnectionArg {
    /// Through sshd
    Ssh,
    /// This machine
    Local,
}

/// `--become-method`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum BecomeMethodArg {
    /// With the login user's password, if it wants one
    Sudo,
    /// With the other user's password
    Su,
}

/// `--host-key-checking`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum HostKeyArg {
    /// Ask about all of them at once, and remember
    Ask,
    /// Refuse
    Strict,
    /// Remember and go on
    AcceptNew,
    /// Do not look
    Off,
}

impl Global {
    /// The screen these options ask for.
    pub(super) fn ui(&self) -> Ui {
        let colour = match self.color {
            ColourArg::Auto => Colour::Auto,
            ColourArg::Always => Colour::Always,
            ColourArg::Never => Colour::Never,
        };
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let loud = i8::try_from(self.verbose.min(4)).unwrap_or(4) - i8::try_from(self.quiet.min(2)).unwrap_or(2);
        let mut ui = Ui::new(colour, loud, self.form(), &set);
        ui.progress &= !self.no_progress;
        ui
    }

    fn form(&self) -> Option<Output> {
        match self.output {
            _ if self.json => Some(Output::Json),
            OutputArg::Auto => None,
            OutputArg::Tty => Some(Output::Tty),
            OutputArg::Plain => Some(Output::Plain),
            OutputArg::Json => Some(Output::Json),
            OutputArg::Jsonl => Some(Output::Jsonl),
            OutputArg::Github => Some(Output::Github),
            OutputArg::Gitlab => Some(Output::Gitlab),
        }
    }
}
