//! The console without terminal and network, for tests: keys and answers go in, effects and screens come out.

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::{
    draw::{Look, draw},
    effect::{Change, Effect, Epoch, Query, Source},
    origin::Origin,
    state::{Event, Start, State, canary, forwards::Lasting},
    update::{Facts, Page, Trouble, Update},
};
use crate::{
    config::{
        place::{Catalogue, Place},
        settings::Settings,
        theme::Theme,
    },
    ssm::Timestamp,
};

/// The time at which tests begin: 2026-11-22 10:00 UTC.
pub const BEGIN: i64 = 1_795_341_600_000;

/// A console on the bench.
pub struct Bench {
    /// Its state.
    pub state: State,
    /// What it wanted done so far.
    pub fx: Vec<Effect>,
    /// The time it is told.
    pub now: Timestamp,
}

impl Bench {
    /// A console that has just been connected, with the shipped keys and the default settings.
    pub fn new(read_only: bool) -> Self {
        Self::with(Settings::default(), read_only)
    }

    /// [`Bench::new`] with settings of the user's.
    pub fn with(settings: Settings, read_only: bool) -> Self {
        let mut bench = Self::at(settings, vec![Place { name: "test".to_owned(), read_only, ..Place::default() }]);
        bench.connect(Origin::default());
        bench
    }

    /// A console that is not connected yet.
    pub fn starting(settings: Settings) -> Self {
        Self::at(settings, vec![Self::place()])
    }

    /// A console that looks at these places, before which others have left canaries.
    pub fn with_canaries(places: Vec<Place>, canaries: canary::left::Lasting) -> Self {
        let mut bench = Self::beginning(Settings::default(), places, canaries);
        for origin in bench.state.origins.scope().to_vec() {
            bench.connect(origin);
        }
        bench
    }

    fn place() -> Place {
        Place { name: "test".to_owned(), ..Place::default() }
    }

    /// A console that looks at these places, none of which is connected yet.
    pub fn at(settings: Settings, places: Vec<Place>) -> Self {
        Self::beginning(settings, places, canary::left::Lasting::default())
    }

    fn beginning(settings: Settings, places: Vec<Place>, canaries: canary::left::Lasting) -> Self {
        let now = Timestamp::from_millis(BEGIN);
        let (keymap, problems) = super::keymap(None);
        assert_eq!(problems, []);
        let mut catalogue = Catalogue { own: places.clone(), ..Catalogue::default() };
        catalogue.take(&settings);
        let state = State::new(Start {
            places: places.into_iter().map(|place| catalogue.governed(place)).collect(),
            catalogue,
            settings,
            theme: "dark".to_owned(),
            themes: ["dark", "light", "mono"].map(str::to_owned).to_vec(),
            keymap: Arc::new(keymap),
            save_directory: "/saved".into(),
            recordings: "/recordings".into(),
            saved_views: (Vec::new(), "/state/views.toml".into()),
            canaries,
            forwards: Lasting { file: Some("/state/forwards.toml".into()), ..Lasting::default() },
            opener: Err("there is no display here"),
            now,
        });
        Self { state, fx: Vec::new(), now }
    }

    /// An origin is connected.
    pub fn connect(&mut self, origin: Origin) {
        let facts = Facts { region: "us-east-1".to_owned(), ..Facts::default() };
        self.apply(Update::Connected(origin, Box::new(facts)));
    }

    /// Presses keys, written as in a keymap and separated by spaces.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let key: KeyEvent = crokey::parse(key).unwrap().into();
            self.state.feed(Event::Key(key), self.now, &mut self.fx);
        }
    }

    /// Types a text.
    pub fn type_text(&mut self, text: &str) {
        self.state.feed(Event::Paste(text.to_owned()), self.now, &mut self.fx);
    }

    /// Does what a line after `:` says.
    pub fn say(&mut self, line: &str) {
        self.press(":");
        self.type_text(line);
        self.press("enter");
    }

    /// Clicks on a cell.
    pub fn click(&mut self, column: u16, row: u16) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        self.state.feed(Event::Mouse(event), self.now, &mut self.fx);
    }

    /// Lets time pass.
    pub fn wait(&mut self, millis: u64) {
        self.now = self.now.plus(std::time::Duration::from_millis(millis));
        self.state.tick(self.now, &mut self.fx);
    }

    /// A task says something.
    pub fn apply(&mut self, update: Update) {
        self.state.apply(update, self.now, &mut self.fx);
        self.state.settle(&mut self.fx);
    }

    /// The question a source was asked last, with its epoch.
    pub fn asked(&self, source: Source) -> Option<(Query, Epoch)> {
        self.fx.iter().rev().find_map(|effect| match effect {
            Effect::Ask { query, epoch } if query.source() == Some(source) => Some((query.clone(), *epoch)),
            _ => None,
        })
    }

    /// The question a source of an origin was asked last.
    pub fn asked_of(&self, origin: Origin, source: Source) -> Option<(Query, Epoch)> {
        self.fx.iter().rev().find_map(|effect| match effect {
            Effect::Ask { query, epoch } if epoch.origin == origin && query.source() == Some(source) => {
                Some((query.clone(), *epoch))
            }
            _ => None,
        })
    }

    /// An origin's answer to the question a source was asked last, in one page.
    pub fn answer_of(&mut self, origin: Origin, source: Source, page: Page) {
        let asked = self.asked_of(origin, source);
        let (_, epoch) = asked.unwrap_or_else(|| panic!("{source:?} of {origin:?} was not asked"));
        self.apply(Update::Page { source, epoch, page });
        self.apply(Update::End { source, epoch, result: Ok(()) });
    }

    /// Lets the question a source of an origin was asked last fail.
    pub fn fail_of(&mut self, origin: Origin, source: Source, trouble: Trouble) {
        let asked = self.asked_of(origin, source);
        let (_, epoch) = asked.unwrap_or_else(|| panic!("{source:?} of {origin:?} was not asked"));
        self.apply(Update::End { source, epoch, result: Err(trouble) });
    }

    /// Answers the question a source was asked last, in one page.
    pub fn answer(&mut self, source: Source, page: Page) {
        let (_, epoch) = self.asked(source).unwrap_or_else(|| panic!("{source:?} was not asked"));
        self.apply(Update::Page { source, epoch, page });
        self.apply(Update::End { source, epoch, result: Ok(()) });
    }

    /// Lets the question a source was asked last fail.
    pub fn refuse(&mut self, source: Source, what: &str) {
        let (_, epoch) = self.asked(source).unwrap_or_else(|| panic!("{source:?} was not asked"));
        let trouble = Trouble::new(what, Some("Ask for the permission."));
        self.apply(Update::End { source, epoch, result: Err(trouble) });
    }

    /// The changes that were agreed to so far.
    pub fn changes(&self) -> Vec<&Change> {
        let changes = self.fx.iter().filter_map(|effect| match effect {
            Effect::Change(confirmed) => Some(confirmed.change()),
            _ => None,
        });
        changes.collect()
    }

    /// What is on a screen of this size. What drawing learned goes back into the state, as the loop does it.
    pub fn screen(&mut self, width: u16, height: u16) -> String {
        self.screen_with(width, height, false).to_string()
    }

    /// [`Bench::screen`] drawn with ASCII alone.
    pub fn ascii(&mut self, width: u16, height: u16) -> String {
        self.screen_with(width, height, true).to_string()
    }

    /// The cells of a screen of this size.
    pub fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        self.screen_with(width, height, false).buffer().clone()
    }

    fn screen_with(&mut self, width: u16, height: u16, ascii: bool) -> TestBackend {
        // What the loop works out beside itself is there by the time anybody looks.
        let (jobs, rest) = std::mem::take(&mut self.fx)
            .into_iter()
            .partition(|fx| matches!(fx, Effect::Arrange(_) | Effect::Count(_)));
        self.fx = rest;
        self.state.arrange(jobs);
        let look = Look { theme: Theme::shipped("dark"), ascii };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        // The second frame knows the windows of the first.
        for _ in 0..2 {
            let mut seen = None;
            terminal.draw(|frame| seen = Some(draw(&mut self.state, &look, frame))).unwrap();
            self.state.seen(seen.unwrap(), &mut self.fx);
        }
        terminal.backend().clone()
    }
}
