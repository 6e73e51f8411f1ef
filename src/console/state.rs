//! Everything the console knows, and what happens to it. Pure: no drawing, no network, no clock. Events and updates come in,
//! effects go out as data; the time is told.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crokey::KeyCombination;
use crossterm::event::{KeyEvent, MouseEvent};
use serde::{Deserialize, Serialize};

use crate::{
    config::{
        keymap::{Found, Keymap},
        place::{Catalogue, Place},
        settings::Settings,
        view::View,
    },
    console::{
        action::{Action, Entry, Kind, Layer, Own},
        alias::Aliases,
        effect::{Effect, Epoch, Query, Source},
        opener::{Opener, Reason},
        origin::{Origin, Origins},
        text,
        update::Trouble,
    },
    ssm::Timestamp,
};

mod apply;
pub mod canary;
pub mod command;
pub mod commands;
pub mod compare;
pub mod compliance;
pub mod compose;
pub mod cursor;
mod custom;
mod denied;
pub mod difference;
mod dispatch;
pub mod export;
pub mod feed;
pub mod filter;
pub mod fleet;
pub mod form;
pub mod forwards;
pub mod input;
pub mod left;
pub mod list;
pub mod node;
pub mod node_view;
pub mod notices;
pub mod overlay;
mod overlays;
mod pane_acts;
pub mod parameters;
pub mod places;
pub mod plan;
mod reading;
mod refresh;
mod sampling;
mod scope;
pub mod seen;
pub mod sessions;
pub mod shells;
pub mod sign_in;
pub mod split;
pub mod tagging;
pub mod viewer;
mod watch;
mod whom;

use commands::Commands;
use compare::Compare;
use compliance::Compliance;
use fleet::{Fleet, Settled};
use forwards::Forwards;
use node_view::NodeView;
use notices::{Notices, Weight};
use overlay::Overlay;
use parameters::Parameters;
use sessions::Sessions;
use shells::Shells;

/// So long nobody needs to be told which keys can come next.
const NEXT_KEYS: Duration = Duration::from_millis(300);

/// The panes, in the order of their tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pane {
    Fleet,
    Compliance,
    Commands,
    Parameters,
    Shell,
    Sessions,
    Forwards,
}

impl Pane {
    /// Every pane.
    pub const ALL: [Pane; 7] =
        [Self::Fleet, Self::Compliance, Self::Commands, Self::Parameters, Self::Shell, Self::Sessions, Self::Forwards];

    /// The pane of a name, in letters of any size.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pane| pane.title().eq_ignore_ascii_case(name))
    }

    /// The action that goes there.
    pub fn action(self) -> Action {
        match self {
            Self::Fleet => Action::PaneFleet,
            Self::Compliance => Action::PaneCompliance,
            Self::Commands => Action::PaneCommands,
            Self::Parameters => Action::PaneParameters,
            Self::Shell => Action::PaneShell,
            Self::Sessions => Action::PaneSessions,
            Self::Forwards => Action::PaneForwards,
        }
    }

    /// Its name where there is little room.
    pub fn short(self) -> &'static str {
        match self {
            Self::Parameters => "Params",
            Self::Forwards => "Fwds",
            _ => self.title(),
        }
    }

    /// Its name where there is hardly any.
    pub fn shortest(self) -> &'static str {
        match self {
            Self::Fleet => "Fleet",
            Self::Compliance => "Compl",
            Self::Commands => "Cmds",
            Self::Parameters => "Param",
            Self::Shell => "Shell",
            Self::Sessions => "Sess",
            Self::Forwards => "Fwds",
        }
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fleet => "Fleet",
            Self::Compliance => "Compliance",
            Self::Commands => "Commands",
            Self::Parameters => "Parameters",
            Self::Shell => "Shell",
            Self::Sessions => "Sessions",
            Self::Forwards => "Forwards",
        }
    }
}

/// What happens at the terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// A pasted text.
    Paste(String),
    /// Something with the mouse.
    Mouse(MouseEvent),
    /// The terminal's window gained or lost the focus.
    Focus(bool),
}

/// What the last key or pasted text was taken for, which decides what of it may be kept in a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    /// It meant an action, or stands where everybody may read it.
    Open,
    /// It was typed into a field of a form that may hold a secret.
    Form,
    /// It is a node's, or nobody's.
    #[default]
    Hidden,
}

/// What the state is made from.
pub struct Start {
    /// What to look at.
    pub places: Vec<Place>,
    /// What else could be looked at.
    pub catalogue: Catalogue,
    /// The user's settings.
    pub settings: Settings,
    /// The theme to begin with, and all there are.
    pub theme: String,
    pub themes: Vec<String>,
    /// The keys.
    pub keymap: Arc<Keymap<Action>>,
    /// Where saved texts go.
    pub save_directory: PathBuf,
    /// Where recordings of shells go.
    pub recordings: PathBuf,
    /// The views that were saved, and their file.
    pub saved_views: (Vec<View>, PathBuf),
    /// The forwards that outlast consoles.
    pub forwards: forwards::Lasting,
    /// What opens links, or why they are not opened here.
    pub opener: Result<Opener, Reason>,
    /// The time.
    pub now: Timestamp,
}

/// The whole state.
pub struct State {
    /// The time, as last told.
    pub now: Timestamp,
    /// What is looked at.
    pub origins: Origins,
    /// What could be.
    pub catalogue: Catalogue,
    /// The user's settings.
    pub settings: Settings,
    /// The keys.
    pub keymap: Arc<Keymap<Action>>,
    /// The pane that is shown: on a split screen that of the side that has the keys.
    pub pane: Pane,
    /// How the screen is split.
    pub split: split::Split,
    /// The boxes over it, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The fleet.
    pub fleet: Fleet,
    /// The columns that were chosen for each other list.
    pub columns: list::columns::Choices,
    /// Lines of `:` by names of the user's own.
    pub aliases: Aliases,
    /// The state of the vitals of nodes.
    pub samples: feed::Feeds,
    /// The comparison of nodes, if one is open.
    pub compare: Option<Compare>,
    /// The view of a node, if one is open.
    pub node_view: Option<NodeView>,
    /// Compliance.
    pub compliance: Compliance,
    /// Run Command.
    pub commands: Commands,
    /// Parameter Store.
    pub parameters: Parameters,
    /// Shells.
    pub shells: Shells,
    /// Sessions of everybody.
    pub sessions: Sessions,
    /// Forwarded ports.
    pub forwards: Forwards,
    /// What the session documents in force say.
    pub preferences: shells::limits::Known,
    preferences_feed: feed::Feeds,
    /// Messages.
    pub notices: Notices,
    /// Changes that can be taken back, the last one last.
    pub undo: Vec<tagging::Undoable>,
    /// The last commands of the node in the detail pane.
    pub node_commands: NodeCommands,
    /// Keys of a chord that is not whole yet.
    pub typed: Vec<KeyCombination>,
    /// Since when the next key of a chord is waited for.
    waiting: Option<Timestamp>,
    /// Whether the prefix key of the shell was pressed.
    pub prefixed: bool,
    /// Until when keys that move edges need no prefix.
    pub sticky: Option<Timestamp>,
    /// Whether the terminal's window has the focus, as far as it tells.
    window_focused: bool,
    /// The key that led to the action under way.
    pressed: Option<KeyEvent>,
    heard: Heard,
    /// The theme to be shown, by name.
    pub theme: String,
    /// The user's own, while that of a place is shown instead.
    own_theme: Option<String>,
    /// The names of all themes.
    pub themes: Vec<String>,
    /// What was typed after `:`, the newest last.
    command_history: VecDeque<String>,
    /// Where saved texts go.
    pub save_directory: PathBuf,
    /// Where recordings of shells go.
    pub recordings: PathBuf,
    /// What opens links, or why they are not opened here.
    pub opener: Result<Opener, Reason>,
    /// The views that were saved.
    saved_views: Vec<View>,
    /// Their file.
    views_file: PathBuf,
    /// What waits for the end of a canary.
    staged: Vec<canary::Staged>,
    planning: Option<plan::Planning>,
    plan_feed: feed::Feeds,
    /// What is waited for.
    pub watch: watch::Watch,
    /// The operation that the service of an origin throttles, and when it is tried again.
    pub throttle: Option<(Origin, String, Timestamp)>,
    /// The user's own commands.
    pub own: Vec<&'static Own>,
    /// Programs that were started on this machine so far.
    programs: u64,
    /// The line a text was last piped into.
    piped: String,
    /// Whether the screen is to be drawn.
    pub dirty: bool,
    seen: seen::Seen,
    /// When something that is shown is fetched again.
    next_refresh: Option<Timestamp>,
    tags_asked: HashSet<String>,
    /// Whether some of them were asked for in vain.
    tags_failed: bool,
    /// How many changes the last yes was for.
    sent_together: usize,
    /// How often a change was agreed to.
    agreed: u64,
    documents: Documents,
    left_pane: Pane,
    places: places::Places,
    /// Whose rows are remembered from the last time.
    remembered: HashMap<Origin, left::Whose>,
    /// Files that are being copied.
    pub transfers: Vec<node_view::Transfer>,
    /// The looks at nodes that run.
    looking: Vec<u64>,
    looks_begun: u64,
}

/// The last commands of one node.
#[derive(Clone, Debug, Default)]
pub struct NodeCommands {
    /// The node.
    pub node: String,
    /// The state of `ListCommandInvocations` for it.
    pub feed: feed::Feed,
    /// The commands, the newest first.
    pub list: Vec<crate::ssm::CommandInvocation>,
}

#[derive(Debug, Default)]
struct Documents {
    origin: Origin,
    feed: feed::Feed,
    one: feed::Feed,
    list: Vec<(String, String)>,
    /// Those for sessions.
    sessions: Vec<String>,
}

impl State {
    /// The state at the start: nothing is known, the first frame can be drawn.
    pub fn new(start: Start) -> Self {
        let forwards = Forwards::new(&start.settings.forwards, start.forwards);
        let (saved_views, views_file) = start.saved_views;
        let settings = start.settings.with_views(&saved_views);
        let mut state = Self {
            now: start.now,
            origins: Origins::new(start.places),
            catalogue: start.catalogue,
            settings,
            keymap: start.keymap,
            pane: Pane::Fleet,
            split: split::Split::default(),
            overlays: Vec::new(),
            fleet: Fleet::default(),
            columns: Default::default(),
            aliases: Aliases::default(),
            samples: feed::Feeds::default(),
            compare: None,
            node_view: None,
            compliance: Compliance::default(),
            commands: Commands::default(),
            parameters: Parameters::default(),
            shells: Shells::default(),
            sessions: Sessions::default(),
            forwards,
            preferences: shells::limits::Known::default(),
            preferences_feed: feed::Feeds::default(),
            notices: Notices::default(),
            undo: Vec::new(),
            node_commands: NodeCommands::default(),
            typed: Vec::new(),
            waiting: None,
            prefixed: false,
            sticky: None,
            window_focused: true,
            pressed: None,
            heard: Heard::default(),
            theme: start.theme,
            own_theme: None,
            themes: start.themes,
            command_history: VecDeque::new(),
            save_directory: start.save_directory,
            recordings: start.recordings,
            opener: start.opener,
            staged: Vec::new(),
            planning: None,
            plan_feed: feed::Feeds::default(),
            watch: watch::Watch::default(),
            throttle: None,
            own: Vec::new(),
            programs: 0,
            piped: String::new(),
            dirty: true,
            seen: seen::Seen::default(),
            next_refresh: None,
            tags_asked: HashSet::new(),
            tags_failed: false,
            sent_together: 0,
            agreed: 0,
            documents: Documents::default(),
            left_pane: Pane::Fleet,
            saved_views,
            views_file,
            places: places::Places::default(),
            remembered: HashMap::new(),
            transfers: Vec::new(),
            looking: Vec::new(),
            looks_begun: 0,
        };
        state.label_fleet();
        state.take_columns();
        state.take_own();
        state.tell_left_forwards();
        state.take_theme();
        state
    }

    /// The layers of keys that are in force, innermost first.
    pub fn layers(&self) -> Vec<Layer> {
        use form::Value;
        if let Some(overlay) = self.overlays.last() {
            return match overlay {
                Overlay::Question(question) if question.typed.is_some() => vec![Layer::Input, Layer::Overlay],
                Overlay::Question(_) => vec![Layer::Confirm],
                Overlay::Text(text) if text.viewer.finding => vec![Layer::Input],
                Overlay::Text(_) => vec![Layer::Output, Layer::List, Layer::Global],
                Overlay::Plan(_) => vec![Layer::Plan, Layer::Overlay],
                Overlay::Scope(_) => vec![Layer::Scope, Layer::Overlay],
                Overlay::SignIn(_) => vec![Layer::SignIn, Layer::Overlay],
                Overlay::Messages { .. } => vec![Layer::Messages, Layer::Overlay],
                Overlay::Form(form) => match form.current().map(|field| &field.value) {
                    Some(Value::Text(_)) => vec![Layer::Form],
                    _ => vec![Layer::Form, Layer::Input],
                },
                Overlay::Command(_) => vec![Layer::Command],
                Overlay::Columns { .. } => vec![Layer::Columns, Layer::Overlay],
                _ => vec![Layer::Overlay],
            };
        }
        if self.prefixed {
            return vec![Layer::Prefix];
        }
        self.pane_layers()
    }

    /// The layers of keys of the pane that is shown, whatever box is over it.
    fn pane_layers(&self) -> Vec<Layer> {
        let reading = |viewer: &viewer::Viewer| match viewer.finding {
            true => vec![Layer::Input],
            false => vec![Layer::Output, Layer::List, Layer::Global],
        };
        match self.pane {
            _ if self.types_filter() => vec![Layer::Filter, Layer::Input],
            Pane::Fleet if self.node_view.is_some() => {
                self.node_view.as_ref().map(NodeView::layers).unwrap_or_default()
            }
            Pane::Fleet if self.compare.is_some() => vec![Layer::Compare, Layer::List, Layer::Global],
            Pane::Fleet if self.fleet.filtering => vec![Layer::Filter, Layer::Input],
            Pane::Fleet => vec![Layer::Fleet, Layer::List, Layer::Global],
            Pane::Compliance => vec![Layer::Compliance, Layer::List, Layer::Global],
            Pane::Commands => match &self.commands.viewer {
                Some(viewer) => reading(viewer),
                None => vec![Layer::Commands, Layer::List, Layer::Global],
            },
            Pane::Parameters if self.parameters.filtering => vec![Layer::Input],
            Pane::Parameters => match (self.parameters.level, &self.parameters.viewer) {
                (parameters::Level::Comparison, Some(viewer)) => reading(viewer),
                (parameters::Level::Versions, _) => vec![Layer::History, Layer::List, Layer::Global],
                _ => vec![Layer::Parameters, Layer::List, Layer::Global],
            },
            Pane::Sessions => match &self.sessions.viewer {
                Some(viewer) => reading(viewer),
                None => vec![Layer::Sessions, Layer::List, Layer::Global],
            },
            Pane::Forwards => vec![Layer::Forwards, Layer::List, Layer::Global],
            Pane::Shell if self.lookback_finds() => vec![Layer::Input],
            Pane::Shell if self.shells.is_looking_back() => vec![Layer::Scrollback, Layer::Shell],
            Pane::Shell if self.shells.takes_keys() => vec![Layer::Shell],
            Pane::Shell if self.shells.tabs.is_empty() => vec![Layer::Global],
            Pane::Shell => vec![Layer::Prefix, Layer::Global],
        }
    }

    /// The names of [`State::layers`].
    pub fn layer_names(&self) -> Vec<&'static str> {
        self.layers().into_iter().map(Layer::name).collect()
    }

    /// The names of the layers under the boxes, those of the shells' prefix included.
    pub fn layers_below(&self) -> Vec<&'static str> {
        let mut layers = self.pane_layers();
        if self.pane == Pane::Shell {
            layers.insert(0, Layer::Prefix);
        }
        layers.into_iter().map(Layer::name).collect()
    }

    /// The actions that can be done here and have a meaning: those of the layers in force.
    pub fn offered(&self) -> Vec<&'static Entry> {
        let layers = self.layers();
        let own = self.own.iter().map(|own| Action::Own(own).entry());
        let offered = |entry: &&Entry| {
            layers.contains(&entry.layer) && !(self.origins.are_read_only() && entry.kind == Kind::Change)
        };
        Action::ALL.iter().chain(own).filter(offered).collect()
    }

    /// The key for an action here, as it is shown.
    pub fn key_for(&self, action: Action) -> Option<String> {
        self.keymap.key_for(&self.layer_names(), action)
    }

    /// Something happened at the terminal.
    pub fn feed(&mut self, event: Event, now: Timestamp, fx: &mut Vec<Effect>) {
        self.now = now;
        self.dirty = true;
        self.heard = Heard::Hidden;
        match event {
            Event::Key(key) => self.key(key, fx),
            Event::Paste(text) => self.paste(&text, fx),
            Event::Mouse(event) => self.mouse(event, fx),
            Event::Focus(gained) => self.window_focused = gained,
        }
        let waits = !self.typed.is_empty() || self.prefixed && self.sticky.is_none();
        self.waiting = self.waiting.or(Some(now)).filter(|_| waits);
        self.settle(fx);
    }

    /// What the last key or pasted text was taken for.
    pub fn heard(&self) -> Heard {
        self.heard
    }

    /// Whether somebody stopped in the middle of a chord, and is to be shown what can come next.
    pub fn shows_next_keys(&self) -> bool {
        let waits = self.overlays.is_empty() && (self.prefixed || !self.typed.is_empty());
        waits && self.waiting.is_some_and(|since| self.now.since(since) >= NEXT_KEYS)
    }

    fn key(&mut self, key: KeyEvent, fx: &mut Vec<Effect>) {
        let combination = KeyCombination::from(key).normalized();
        if self.prefixed && self.overlays.is_empty() && self.typed.is_empty() && self.passes_prefix(combination) {
            return self.raw_key(key, fx);
        }
        self.typed.push(combination);
        match self.keymap.find(&self.layer_names(), &self.typed) {
            Found::Action(action) => {
                self.typed.clear();
                self.pressed = Some(key);
                self.heard = Heard::Open;
                self.act(action, fx);
                self.pressed = None;
            }
            Found::More => self.heard = Heard::Open,
            Found::Nothing if self.typed.len() > 1 => self.typed.clear(),
            Found::Nothing => {
                self.typed.clear();
                self.raw_key(key, fx);
            }
        }
    }

    /// Whether a key after the prefix is the node's all the same: it moves no edge while only those need no prefix, or it
    /// is one that the shells' own keys keep from the node.
    fn passes_prefix(&mut self, key: KeyCombination) -> bool {
        let of = |layer: Layer| self.keymap.find(&[layer.name()], &[key]);
        let edge = [Action::EdgeLeft, Action::EdgeRight, Action::EdgeUp, Action::EdgeDown];
        let after = of(Layer::Prefix);
        let passes = match self.sticky.take() {
            Some(_) => !matches!(after, Found::Action(action) if edge.contains(&action)),
            None => after == Found::Nothing && of(Layer::Shell) != Found::Nothing,
        };
        // While edges move, a key of the shells' own means what it always means.
        let own = passes && matches!(of(Layer::Shell), Found::Action(Action::Prefix)) && after != Found::Nothing;
        self.prefixed &= !passes || own;
        passes && !own
    }

    /// Tells the user something.
    pub fn tell(&mut self, what: impl AsRef<str>) {
        self.notices.add(self.now, Weight::Info, Trouble::new(what, None));
    }

    /// Tells the user that something is under way, by a name for it; [`Notices::end`] takes that off the screen.
    pub fn tell_of(&mut self, work: String, what: impl AsRef<str>) {
        self.notices.begin(self.now, work, Trouble::new(what, None));
    }

    /// Warns the user.
    pub fn warn(&mut self, what: impl AsRef<str>) {
        self.notices.add(self.now, Weight::Warning, Trouble::new(what, None));
    }

    /// Tells the user something and what can be done about it.
    pub fn advise(&mut self, what: impl AsRef<str>, advice: &str) {
        self.notices.add(self.now, Weight::Warning, Trouble::new(what, Some(advice)));
    }

    /// Reports a failure.
    pub fn fail(&mut self, trouble: Trouble) {
        self.notices.add(self.now, Weight::Error, trouble);
    }

    /// Makes derived data anew after changes: orders, counts, what is lazily wanted.
    pub fn settle(&mut self, fx: &mut Vec<Effect>) {
        self.settle_side(fx);
        self.on_other_shown(|state| state.settle_side(fx));
        self.settle_ledger(fx);
        self.settle_broadcast();
        self.settle_focus(fx);
        self.mask_form();
        self.list_candidates(fx);
        self.settle_looks(fx);
    }

    /// [`State::settle`] for what each side of the screen has of its own.
    fn settle_side(&mut self, fx: &mut Vec<Effect>) {
        self.settle_fleet(fx);
        self.want_served(fx);
        self.parameters.settle(self.now);
        if let Some(results) = &mut self.commands.results
            && let Some((number, folding)) = results.settle()
        {
            fx.push(Effect::Fold { command: results.id.clone(), number, folding });
        }
        self.settle_lists();
        self.want_details(fx);
        self.want_follow(fx);
        self.want_tags(fx);
        self.settle_place();
        self.refresh_due(fx);
    }

    /// Puts the nodes into order again, or asks for it.
    fn settle_fleet(&mut self, fx: &mut Vec<Effect>) {
        match self.fleet.settle(self.now) {
            Settled::Nothing => {}
            Settled::Changed => self.fleet_arranged(),
            Settled::Wanted(job) => fx.push(Effect::Arrange(job)),
        }
        // A large fleet takes its time to be counted: that is done where it is seen, or while scans are waited for.
        let scans = !self.split.is_away() && self.compliance.scans(self.now) > 0;
        if self.pane == Pane::Compliance || scans {
            fx.extend(self.compliance.settle(&self.fleet).map(Effect::Count));
        }
    }

    /// The nodes stand in another order, or others are there.
    fn fleet_arranged(&mut self) {
        self.settle_compare();
        self.compliance.outdate();
        self.sessions.outdate();
    }

    /// Works out at once, among effects, the orders and counts of rows that the loop has worked out beside it. The others are dropped.
    pub fn arrange(&mut self, fx: Vec<Effect>) {
        let mut waiting = fx;
        while let Some(effect) = waiting.pop() {
            let answer = match effect {
                Effect::Arrange(job) => crate::console::update::Update::Arranged(Box::new(job.run())),
                Effect::Count(job) => crate::console::update::Update::Counted(Box::new(job.run())),
                _ => continue,
            };
            self.apply(answer, self.now, &mut waiting);
            self.settle(&mut waiting);
        }
    }

    /// Whether the session document in force in an origin is known.
    pub fn preferences_known(&self, origin: Origin) -> bool {
        self.preferences_feed.is_known(origin)
    }

    /// Goes to a pane, and fetches what it shows.
    fn go(&mut self, pane: Pane, fx: &mut Vec<Effect>) {
        if pane == Pane::Shell && self.goes_to_shells(fx) {
            return;
        }
        if self.pane != pane {
            self.left_pane = self.pane;
            self.parameters.hide();
            self.pane = pane;
        }
        self.prefixed = false;
        self.sticky = None;
        if pane == Pane::Shell {
            self.shells.look();
        } else {
            self.shells.full_screen = false;
        }
        self.refresh_due(fx);
    }

    /// Asks an origin, if there is somebody to ask.
    fn ask(&mut self, origin: Origin, query: Query, fx: &mut Vec<Effect>) {
        if !self.origins.is_ready(origin) {
            return;
        }
        let (now, side) = (self.now, self.split.side());
        let epoch = match query.source() {
            None | Some(Source::Tags) => Epoch { origin, ..Epoch::default() },
            Some(source) => match self.feed_of(source, origin) {
                Some(feed) => Epoch { side: if source.is_of_side() { side } else { 0 }, ..feed.begin_of(origin, now) },
                None => return,
            },
        };
        match &query {
            Query::Nodes => self.fleet.begin(origin),
            Query::Commands => self.commands.begin(origin),
            Query::Parameters => self.parameters.begin(),
            Query::Sessions => self.sessions.begin(origin),
            _ => {}
        }
        fx.push(Effect::Ask { query, epoch });
    }

    /// The epoch under which an answer is taken whose question may not have been asked here: the record it stands in begins
    /// after it.
    pub fn expect(&mut self, source: Source, origin: Origin) -> Epoch {
        let now = self.now;
        let number = self.feed_of(source, origin).map_or(0, |feed| feed.expect(now));
        let side = if source.is_of_side() { self.split.side() } else { 0 };
        Epoch { origin, number, side }
    }

    /// The feed of a source. Lists have one for each origin; what is looked at closely has one in all.
    fn feed_of(&mut self, source: Source, origin: Origin) -> Option<&mut feed::Feed> {
        Some(match source {
            Source::Nodes => self.fleet.feed.of(origin),
            Source::Samples => self.samples.of(origin),
            Source::NodesWhere => self.fleet.served.feed.of(origin),
            Source::PatchStates => self.fleet.compliance.of(origin),
            Source::Summaries => self.fleet.summaries.of(origin),
            Source::Tags => return None,
            Source::ComplianceTypes => self.compliance.types_feed.of(origin),
            Source::Patches => &mut self.compliance.feed,
            Source::Why => &mut self.fleet.why.0,
            Source::NodeCommands => &mut self.node_commands.feed,
            Source::Commands => self.commands.feed.of(origin),
            Source::Invocations => &mut self.commands.results.as_mut()?.feed,
            Source::Whole => &mut self.commands.results.as_mut()?.whole_feed,
            Source::Followed => &mut self.commands.results.as_mut()?.follow_feed,
            Source::Kept => &mut self.commands.results.as_mut()?.kept_feed,
            Source::Earlier => &mut self.commands.results.as_mut()?.earlier_feed,
            Source::Running => self.watch.commands_feed.of(origin),
            Source::Watched => self.watch.nodes_feed.of(origin),
            Source::Plan => self.plan_feed.of(origin),
            Source::Documents => &mut self.documents.feed,
            Source::Document => &mut self.documents.one,
            Source::Parameters => &mut self.parameters.feed,
            Source::Parameter => &mut self.parameters.one_feed,
            Source::ParameterTags => &mut self.parameters.tags_feed,
            Source::Value => &mut self.parameters.value_feed,
            Source::History => &mut self.parameters.history_feed,
            Source::Preferences => self.preferences_feed.of(origin),
            Source::Sessions => self.sessions.feed.of(origin),
            Source::Transcript => &mut self.sessions.transcript_feed,
        })
    }

    /// Tells the shown shells the time before a frame; when to look again at one whose program holds its frame back.
    pub fn before_frame(&self, now: Instant) -> Option<Instant> {
        let shown = self.shells.tabs.iter().filter(|tab| self.shows(Pane::Shell) && self.shells.is_shown(tab.id));
        shown.filter_map(|tab| tab.terminal.with_screen_mut(|screen| screen.tick(now))).min()
    }

    /// When something happens by itself next: a message goes, a secret hides, a refresh is due, an age reads differently. Until
    /// then nobody has to wake up.
    pub fn deadline(&self) -> Timestamp {
        let next = self.visible_deadline().into_iter().chain(self.next_refresh).chain(self.quiet_deadline()).min();
        next.unwrap_or_else(|| self.now.plus(text::LATEST)).max(self.now.plus(Duration::from_millis(50)))
    }

    /// When the screen is another one by itself.
    fn visible_deadline(&self) -> Option<Timestamp> {
        let secrets = self.parameters.hides_at();
        let keys = self.waiting.map(|since| since.plus(NEXT_KEYS)).filter(|at| *at > self.now);
        // The countdown of a throttle reads differently each second.
        let left = self.throttle.as_ref().map(|(_, _, until)| until.since(self.now)).filter(|left| !left.is_zero());
        let second = Duration::from_secs(1);
        let counts = left.map(|left| {
            self.now.plus(match left.subsec_nanos() {
                0 => second,
                nanos => Duration::from_nanos(nanos.into()),
            })
        });
        [self.notices.deadline(self.now), secrets, self.sticky, keys, self.seen.changes, counts]
            .into_iter()
            .flatten()
            .min()
    }

    /// When something happens that is not seen at once.
    fn quiet_deadline(&self) -> Option<Timestamp> {
        let details = self.parameters.rests_at().filter(|_| self.pane == Pane::Parameters);
        let quiet =
            details.into_iter().chain(self.sizes_deadline()).chain(self.looks_deadline()).chain(self.ends_deadline());
        quiet.chain(self.fleet.deadline()).chain(self.split.deadline(self.now)).min()
    }

    /// Time passed. The screen is drawn again only if it is another one now.
    pub fn tick(&mut self, now: Timestamp, fx: &mut Vec<Effect>) {
        self.dirty |= self.visible_deadline().is_some_and(|at| at <= now);
        self.now = now;
        self.dirty |= self.parameters.expire(now);
        self.end_sticky(now);
        self.tell_sizes(fx);
        self.warn_of_ends(fx);
        self.settle(fx);
    }
}
