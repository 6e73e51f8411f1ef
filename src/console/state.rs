//! Everything the console knows, and what happens to it. Pure: no drawing, no network, no clock. Events and updates come in,
//! effects go out as data; the time is told.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    path::PathBuf,
    sync::Arc,
};

use crokey::KeyCombination;
use crossterm::event::{KeyEvent, MouseEvent};
use serde::{Deserialize, Serialize};

use crate::{
    config::{
        keymap::{Keymap, Problem},
        place::{Catalogue, Place},
        settings::Settings,
        view::View,
    },
    console::{
        action::{Action, Own},
        alias::Aliases,
        effect::Effect,
        opener::{Opener, Reason},
        origin::{NodeId, Origin, Origins},
        update::Trouble,
    },
    ssm::Timestamp,
};

mod apply;
mod asking;
pub mod canary;
mod clipboard;
pub mod command;
pub mod commands;
pub mod compare;
pub mod compliance;
pub mod compose;
mod confirm;
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
mod keys;
pub mod left;
pub mod list;
pub mod messages;
pub mod node;
pub mod node_view;
pub mod notices;
pub mod overlay;
mod overlays;
mod pane;
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
mod silence;
pub mod split;
pub mod tagging;
mod time;
pub mod under_way;
pub mod undo;
pub mod viewer;
mod watch;
mod whom;
mod works;

use commands::Commands;
use compare::Compare;
use compliance::Compliance;
use fleet::{Fleet, Settled};
use forwards::Forwards;
use node_view::NodeView;
use notices::{Notices, Weight};
use overlay::Overlay;
pub use pane::Pane;
use parameters::Parameters;
use sessions::Sessions;
use shells::Shells;

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
    /// The canaries that outlast consoles.
    pub canaries: canary::left::Lasting,
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
    /// Changes that have no answer yet.
    pub under_way: under_way::UnderWay,
    /// Changes that can be taken back, the last one last.
    pub undo: Vec<undo::Undoable>,
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
    /// That of the place, as it was last taken.
    theme_of_place: Option<String>,
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
    /// What of that outlasts consoles.
    canaries: canary::left::Lasting,
    planning: Option<plan::Planning>,
    plan_feed: feed::Feeds,
    /// What is waited for.
    pub watch: watch::Watch,
    /// The operation that the service of each origin throttles, and when it is tried again.
    throttles: BTreeMap<Origin, (String, Timestamp)>,
    /// The user's own commands.
    pub own: Vec<&'static Own>,
    /// What is wrong with the settings, but for the keys of those commands.
    faults: Vec<Problem>,
    /// What of that was told, and of the keys: the file and the words.
    told: Vec<(String, String)>,
    /// Programs that were started on this machine so far.
    programs: u64,
    /// The line a text was last piped into.
    piped: String,
    /// Whether the screen is to be drawn.
    pub dirty: bool,
    seen: seen::Seen,
    /// When something that is shown is fetched again.
    next_refresh: Option<Timestamp>,
    tags_asked: HashSet<NodeId>,
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
    /// Texts that were put into the clipboard so far.
    copies: u64,
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
    pub node: NodeId,
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
            under_way: Default::default(),
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
            theme_of_place: None,
            themes: start.themes,
            command_history: VecDeque::new(),
            save_directory: start.save_directory,
            recordings: start.recordings,
            opener: start.opener,
            staged: Vec::new(),
            canaries: start.canaries,
            planning: None,
            plan_feed: feed::Feeds::default(),
            watch: watch::Watch::default(),
            throttles: BTreeMap::new(),
            own: Vec::new(),
            faults: Vec::new(),
            told: Vec::new(),
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
            copies: 0,
            transfers: Vec::new(),
            looking: Vec::new(),
            looks_begun: 0,
        };
        state.label_fleet();
        state.take_columns();
        state.take_own();
        state.tell_left_forwards();
        state.tell_left_canaries();
        state.take_theme();
        state
    }

    /// Something happened at the terminal.
    pub fn feed(&mut self, event: Event, now: Timestamp, fx: &mut Vec<Effect>) {
        self.now = now;
        self.dirty = true;
        self.heard = Heard::Hidden;
        match event {
            Event::Key(key) if self.is_deaf_to(key) => {}
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
        self.note_canaries(fx);
        self.settle_broadcast();
        self.settle_focus(fx);
        self.mask_form();
        self.list_candidates(fx);
        self.settle_looks(fx);
        self.settle_messages();
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
        self.outdate_compare();
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
}
