//! A console over a made-up fleet of any size, without terminal and network: what benches draw.

use std::sync::Arc;

use super::{
    effect::{Effect, Source},
    origin::Origin,
    state::{Start, State},
    update::{Facts, Page, Update},
};
use crate::{
    config::{place::Place, settings::Settings},
    ssm::{self, PingStatus, Timestamp},
};

/// Nodes in one page of the service's answer.
const PAGE: usize = 50;

/// A console that shows so many nodes, as if the service had answered at `now`.
pub fn fleet(count: usize, now: Timestamp) -> State {
    let mut state = State::new(Start {
        places: vec![Place { name: "sample".to_owned(), ..Place::default() }],
        catalogue: Default::default(),
        settings: Settings::default(),
        theme: "dark".to_owned(),
        themes: Vec::new(),
        keymap: Arc::new(super::keymap(None).0),
        save_directory: std::env::temp_dir(),
        recordings: std::env::temp_dir(),
        saved_views: Default::default(),
        canaries: Default::default(),
        forwards: Default::default(),
        opener: Err("there is no display here"),
        now,
    });
    let mut fx = Vec::new();
    let facts = Box::new(Facts { region: "us-east-1".to_owned(), ..Facts::default() });
    state.apply(Update::Connected(Origin::default(), facts), now, &mut fx);
    let asked = fx.iter().find_map(|effect| match effect {
        Effect::Ask { query, epoch } if query.source() == Some(Source::Nodes) => Some(*epoch),
        _ => None,
    });
    let epoch = asked.unwrap_or_default();
    let mut at = 0;
    while at < count {
        let nodes = (at..count.min(at + PAGE)).map(|n| node(n, now)).collect();
        at += PAGE;
        state.apply(Update::Page { source: Source::Nodes, epoch, page: Page::Nodes(nodes) }, now, &mut fx);
    }
    state.apply(Update::End { source: Source::Nodes, epoch, result: Ok(()) }, now, &mut fx);
    fx.clear();
    state.settle(&mut fx);
    state.arrange(fx);
    state
}

/// A node as the service tells of it.
pub fn node(n: usize, now: Timestamp) -> ssm::InstanceInformation {
    let role = ["web", "api", "db", "cache", "build"][n % 5];
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017x}")),
        computer_name: Some(format!("{role}-{n}")),
        ping_status: Some(if n.is_multiple_of(17) { PingStatus::ConnectionLost } else { PingStatus::Online }),
        last_ping_date_time: Some(now),
        platform_name: Some("Debian GNU/Linux".to_owned()),
        platform_version: Some(format!("{}", 11 + n % 3)),
        ip_address: Some(format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255)),
        agent_version: Some("3.3.0.0".to_owned()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::{
        config::theme::Theme,
        console::draw::{Look, draw},
    };

    #[test]
    fn a_fleet_of_any_size_is_listed_and_drawn() {
        let look = Look { theme: Theme::shipped("dark"), ascii: false };
        for count in [0, 1, 100_000] {
            let mut state = fleet(count, Timestamp::from_millis(1_795_341_600_000));
            assert_eq!(state.fleet.shown(), count);
            let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
            terminal.draw(|frame| drop(draw(&mut state, &look, frame))).unwrap();
            assert_eq!(terminal.backend().to_string().contains("api-1"), count > 1);
        }
    }
}
