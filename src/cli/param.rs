//! `fleetdeck param`: Parameter Store.

mod change;

use std::{
    io::{self, IsTerminal, Write},
    pin::pin,
    process::ExitCode,
};

use clap::{Args, Subcommand};
use futures_util::TryStreamExt;

use super::{
    Global,
    output::{Column, Format, Listing, json_document, program_output, text_of, time},
    talk,
};
use crate::ssm::{
    GetParameter, GetParameterHistory, GetParametersByPath, Parameter, ParameterHistory, ParameterType, Sensitive,
    redact::MASK,
};

/// Read and write Parameter Store.
#[derive(Debug, Subcommand)]
pub enum Param {
    Get(Get),
    Put(change::Put),
    Ls(Ls),
    History(History),
    Rm(change::Rm),
    Label(change::Label),
}

impl Param {
    /// Does it.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        match self {
            Self::Get(verb) => verb.run(global),
            Self::Put(verb) => verb.run(global),
            Self::Ls(verb) => verb.run(global),
            Self::History(verb) => verb.run(global),
            Self::Rm(verb) => verb.run(global),
            Self::Label(verb) => verb.run(global),
        }
    }
}

/// Print the value of a parameter.
#[derive(Debug, Args)]
pub struct Get {
    /// The name; `name:3` and `name:label` pick a version.
    name: String,
    /// Decrypt a SecureString.
    #[arg(long, visible_alias = "with-decryption")]
    decrypt: bool,
}

impl Get {
    fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            let request = GetParameter { name: self.name, with_decryption: Some(self.decrypt) };
            let answer = client.call(request).await?;
            match global.output {
                Format::Json => json_document(&answer)?,
                Format::Csv => {
                    let mut listing = Listing::new(global.output, COLUMNS.iter().copied());
                    listing.page(answer.parameter.as_slice(), Clone::clone)?;
                }
                Format::Table => {
                    let parameter = answer.parameter.unwrap_or_default();
                    let sealed = parameter.r#type == Some(ParameterType::SecureString) && !self.decrypt;
                    let mut line = parameter.value.unwrap_or_default().0;
                    line.push('\n');
                    let terminal = io::stdout().is_terminal();
                    program_output(&mut io::stdout(), terminal, line.as_bytes())?;
                    if sealed {
                        talk::say("This is the encrypted form; --decrypt prints the value.");
                    }
                }
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// List parameters and their values. SecureStrings are masked unless --decrypt is given.
#[derive(Debug, Args)]
pub struct Ls {
    /// The path.
    #[arg(default_value = "/")]
    path: String,
    /// Descend into paths below.
    #[arg(long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set,
          value_name = "BOOL")]
    recursive: bool,
    /// Decrypt SecureStrings.
    #[arg(long, visible_alias = "with-decryption")]
    decrypt: bool,
}

const COLUMNS: &[Column<Parameter>] = &[
    ("NAME", |parameter| text_of(&parameter.name)),
    ("TYPE", |parameter| text_of(&parameter.r#type)),
    ("VERSION", |parameter| text_of(&parameter.version)),
    ("MODIFIED", |parameter| time(parameter.last_modified_date)),
    ("VALUE", |parameter| parameter.value.clone().unwrap_or_default().0),
];

impl Ls {
    fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            let request = GetParametersByPath {
                path: self.path,
                recursive: Some(self.recursive),
                with_decryption: Some(self.decrypt),
                ..Default::default()
            };
            let mut listing = Listing::new(global.output, COLUMNS.iter().copied());
            let mut pages = pin!(client.pages(request));
            let mut some = false;
            while let Some(mut page) = pages.try_next().await? {
                some |= !page.is_empty();
                for parameter in page.iter_mut().filter(|_| !self.decrypt) {
                    mask(parameter.r#type.as_ref(), &mut parameter.value);
                }
                listing.page(&page, Clone::clone)?;
            }
            listing.end()?;
            if !some {
                talk::say("No parameter is there.");
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Not even the encrypted form of a SecureString belongs in a list.
fn mask(kind: Option<&ParameterType>, value: &mut Option<Sensitive>) {
    if kind == Some(&ParameterType::SecureString) {
        *value = Some(MASK.into());
    }
}

/// List the versions of a parameter. SecureStrings are masked unless --decrypt is given.
#[derive(Debug, Args)]
pub struct History {
    /// The name.
    name: String,
    /// Decrypt SecureStrings.
    #[arg(long, visible_alias = "with-decryption")]
    decrypt: bool,
}

const HISTORY: &[Column<ParameterHistory>] = &[
    ("VERSION", |version| text_of(&version.version)),
    ("MODIFIED", |version| time(version.last_modified_date)),
    ("BY", |version| text_of(&version.last_modified_user)),
    ("LABELS", |version| version.labels.join(" ")),
    ("TYPE", |version| text_of(&version.r#type)),
    ("VALUE", |version| version.value.clone().unwrap_or_default().0),
];

impl History {
    fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            let request =
                GetParameterHistory { name: self.name, with_decryption: Some(self.decrypt), ..Default::default() };
            let mut listing = Listing::new(global.output, HISTORY.iter().copied());
            let mut pages = pin!(client.pages(request));
            while let Some(mut page) = pages.try_next().await? {
                for version in page.iter_mut().filter(|_| !self.decrypt) {
                    mask(version.r#type.as_ref(), &mut version.value);
                }
                listing.page(&page, Clone::clone)?;
            }
            listing.end()?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// A short word on what was done, or the API's answer.
fn done(global: &Global, answer: &impl serde::Serialize, words: &str) -> anyhow::Result<ExitCode> {
    match global.output {
        Format::Json => json_document(answer)?,
        Format::Table | Format::Csv => writeln!(io::stdout(), "{words}")?,
    }
    Ok(ExitCode::SUCCESS)
}
