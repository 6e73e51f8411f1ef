//! `fleetdeck sessions`: who is on which node, who was, and what was to be seen there.

mod replay;
mod tame;

use std::{pin::pin, process::ExitCode};

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use futures_util::TryStreamExt;

use super::{
    Global, nodes,
    output::{Column, Listing, text_of},
    talk,
};
use crate::{
    client::Client,
    ssm::{DescribeSessions, Session, SessionFilter, SessionFilterKey, SessionState, TerminateSession},
};

/// List, end and replay sessions.
#[derive(Debug, Subcommand)]
pub enum Sessions {
    Ls(List),
    End(End),
    Replay(replay::Replay),
}

/// List the sessions, one's own and others'.
#[derive(Debug, Args)]
pub struct List {
    /// Which sessions.
    #[arg(long, value_enum, default_value_t)]
    state: Which,
    /// Only sessions on this node.
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Only sessions of this owner, as the service names it.
    #[arg(long, value_name = "ARN")]
    owner: Option<String>,
}

/// Which sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that are running.
    #[default]
    Active,
    /// Those that have ended.
    History,
    /// Both.
    All,
}

/// End sessions (`TerminateSession`): the shells on the nodes end too.
#[derive(Debug, Args)]
pub struct End {
    /// Ids of the sessions.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

const COLUMNS: &[Column<Session>] = &[
    ("SESSION", |session| text_of(&session.session_id)),
    ("NODE", |session| text_of(&session.target)),
    ("STATUS", |session| text_of(&session.status)),
    ("OWNER", |session| text_of(&session.owner)),
    ("STARTED", |session| text_of(&session.start_date)),
    ("ENDED", |session| text_of(&session.end_date)),
    ("DOCUMENT", |session| text_of(&session.document_name)),
    ("REASON", |session| text_of(&session.reason)),
    ("DETAILS", |session| text_of(&session.details)),
];

impl Sessions {
    /// Does it.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        match self {
            Self::Ls(list) => list.run(global),
            Self::End(end) => end.run(global),
            Self::Replay(replay) => replay.run(global),
        }
    }
}

impl List {
    fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            let mut filters = Vec::new();
            if let Some(node) = &self.node {
                let value = nodes::target(&client, node).await?;
                filters.push(SessionFilter { key: SessionFilterKey::Target, value });
            }
            if let Some(owner) = &self.owner {
                filters.push(SessionFilter { key: SessionFilterKey::Owner, value: owner.clone() });
            }
            let states = match self.state {
                Which::Active => vec![SessionState::Active],
                Which::History => vec![SessionState::History],
                Which::All => vec![SessionState::Active, SessionState::History],
            };
            let mut listing = Listing::new(global.output, COLUMNS.iter().copied());
            for state in states {
                let request = DescribeSessions { state, filters: filters.clone(), ..DescribeSessions::default() };
                let mut pages = pin!(client.pages(request));
                while let Some(page) = pages.try_next().await? {
                    listing.page(&page, |session| serde_json::to_value(session).unwrap_or_default())?;
                }
            }
            listing.end()?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl End {
    fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("end sessions")?;
        global.with_client(async |client| {
            for id in &self.ids {
                // Somebody may be at work there; that is worth a look before.
                let session = find(&client, SessionState::Active, id).await?;
                let Some(session) = session else { bail!("no session {id} is running; see `fleetdeck sessions ls`") };
                let whose = format!("{id} of {} on {}", text_of(&session.owner), text_of(&session.target));
                if !self.yes && talk::somebody_there() && !talk::confirm(&format!("End the session {whose}?"))? {
                    continue;
                }
                client.call(TerminateSession { session_id: id.clone() }).await?;
                talk::say(&format!("ended {whose}"));
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// The session with this id, if it is in this state.
async fn find(client: &Client, state: SessionState, id: &str) -> anyhow::Result<Option<Session>> {
    let filters = vec![SessionFilter { key: SessionFilterKey::SessionId, value: id.to_owned() }];
    let answer = client.call(DescribeSessions { state, filters, ..DescribeSessions::default() }).await?;
    Ok(answer.sessions.into_iter().find(|session| session.session_id.as_deref() == Some(id)))
}
