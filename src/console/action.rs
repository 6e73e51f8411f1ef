//! What a key, a click or the palette can mean. One table: dispatch, footer, help, palette and the default keymap's test
//! are all made from it.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::OnceLock,
};

use crate::config::command::Command;

/// What an action may do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Looks, moves, arranges.
    View,
    /// Shows a secret.
    Reveal,
    /// Changes something somewhere. Refused in a read-only console.
    Change,
}

/// A section of the keymap: where the keys of an action are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    Global,
    List,
    Fleet,
    Columns,
    Filter,
    Compare,
    Node,
    NodeDisk,
    NodeProcesses,
    NodeServices,
    NodeUsers,
    NodeFiles,
    NodeLogs,
    Compliance,
    Commands,
    Output,
    Plan,
    Parameters,
    History,
    Sessions,
    Forwards,
    Shell,
    Prefix,
    Scrollback,
    Form,
    Input,
    Confirm,
    Command,
    Scope,
    SignIn,
    Messages,
    Overlay,
}

impl Layer {
    /// Every layer with its name in the keymap and its heading in help.
    pub const ALL: &'static [(Layer, &'static str, &'static str)] = &[
        (Layer::Fleet, "fleet", "Fleet"),
        (Layer::Columns, "columns", "Columns of a list"),
        (Layer::Filter, "filter", "The filter of a list"),
        (Layer::Compare, "compare", "Comparison of nodes"),
        (Layer::Node, "node", "View of a node"),
        (Layer::NodeDisk, "node-disk", "Disks of a node"),
        (Layer::NodeProcesses, "node-processes", "Processes of a node"),
        (Layer::NodeServices, "node-services", "Services of a node"),
        (Layer::NodeUsers, "node-users", "Users of a node"),
        (Layer::NodeFiles, "node-files", "Files of a node"),
        (Layer::NodeLogs, "node-logs", "Logs of a node"),
        (Layer::Compliance, "compliance", "Compliance"),
        (Layer::Commands, "commands", "Commands"),
        (Layer::Output, "output", "Output of a command"),
        (Layer::Plan, "plan", "Plan of a command"),
        (Layer::Parameters, "parameters", "Parameters"),
        (Layer::History, "history", "Versions of a parameter"),
        (Layer::Sessions, "sessions", "Sessions"),
        (Layer::Forwards, "forwards", "Forwards"),
        (Layer::Shell, "shell", "Shell"),
        (Layer::Prefix, "prefix", "Shell, after the prefix key"),
        (Layer::Scrollback, "scrollback", "Looking back in a shell"),
        (Layer::List, "list", "Lists"),
        (Layer::Form, "form", "Forms"),
        (Layer::Input, "input", "One line of text"),
        (Layer::Confirm, "confirm", "Questions"),
        (Layer::Command, "command", "The line after :"),
        (Layer::Scope, "scope", "Choosing what is looked at"),
        (Layer::SignIn, "sign-in", "Signing in"),
        (Layer::Messages, "messages", "Messages"),
        (Layer::Overlay, "overlay", "Boxes"),
        (Layer::Global, "global", "Everywhere"),
    ];

    /// The name in the keymap.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(layer, ..)| *layer == self).map_or("global", |(_, name, _)| name)
    }

    /// The layer of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(layer, ..)| *layer)
    }

    /// The layers in which a key is looked up that this one does not have, wherever it is in force.
    pub fn outer(self) -> &'static [Self] {
        match self {
            Self::Global | Self::Shell | Self::Confirm | Self::Command | Self::Overlay => &[],
            Self::Input | Self::Columns | Self::Plan | Self::Scope | Self::SignIn | Self::Messages => &[Self::Overlay],
            Self::Filter | Self::Form => &[Self::Input],
            Self::Scrollback => &[Self::Shell],
            Self::List | Self::Prefix => &[Self::Global],
            Self::Fleet | Self::Compare | Self::Compliance | Self::Commands | Self::Output | Self::Parameters => {
                &[Self::List, Self::Global]
            }
            Self::History | Self::Sessions | Self::Forwards => &[Self::List, Self::Global],
            Self::Node => &[Self::Output, Self::List, Self::Global],
            Self::NodeDisk | Self::NodeProcesses | Self::NodeServices | Self::NodeUsers | Self::NodeFiles => {
                &[Self::Node, Self::List, Self::Global]
            }
            Self::NodeLogs => &[Self::Node, Self::Output, Self::List, Self::Global],
        }
    }

    /// The names of [`Layer::outer`].
    pub fn outer_names(self) -> Vec<&'static str> {
        self.outer().iter().map(|layer| layer.name()).collect()
    }

    /// The heading in help.
    pub fn heading(self) -> &'static str {
        Self::ALL.iter().find(|(layer, ..)| *layer == self).map_or("Everywhere", |(.., heading)| heading)
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Its name in the keymap and in the palette.
    pub name: &'static str,
    /// One or two words for the footer.
    pub short: &'static str,
    /// A sentence for help.
    pub about: &'static str,
    /// What it may do.
    pub kind: Kind,
    /// Where it belongs.
    pub layer: Layer,
}

/// A command of the user's own as an action. There is one for each command of the settings, from the start of the program to
/// its end.
pub struct Own {
    /// What it does.
    pub command: Command,
    layer: Layer,
    entry: OnceLock<Entry>,
}

impl Own {
    /// The action for a command, in a layer of the keymap.
    pub fn new(command: Command, layer: Layer) -> &'static Self {
        Box::leak(Box::new(Self { command, layer, entry: OnceLock::new() }))
    }

    fn entry(&'static self) -> &'static Entry {
        let entry = || Entry {
            action: Action::Own(self),
            name: &self.command.name,
            short: &self.command.name,
            about: &self.command.about,
            kind: if self.command.changes { Kind::Change } else { Kind::View },
            layer: self.layer,
        };
        self.entry.get_or_init(entry)
    }
}

// Each is there once, so its address says which it is.
impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Own {}

impl Hash for Own {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self).hash(state);
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command.name)
    }
}

macro_rules! actions {
    ($($layer:ident { $($action:ident $kind:ident $name:literal, $short:literal, $about:literal;)* })*) => {
        /// Everything the console can be told to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $about] $action,)*)*
            /// A command of the user's own.
            Own(&'static Own),
        }

        impl Action {
            /// The table.
            pub const ALL: &'static [Entry] = &[$($(Entry {
                action: Action::$action,
                name: $name,
                short: $short,
                about: $about,
                kind: Kind::$kind,
                layer: Layer::$layer,
            },)*)*];
        }
    };
}

actions! {
    Global {
        Help View "help", "help", "Show every key that works here; type to search";
        Palette View "palette", "commands", "Say what shall be done: an action, a pane or a verb by name";
        Messages View "messages", "messages", "Show what was reported so far";
        Log View "log", "log", "Show the last lines of fleetdeck's own log";
        Reload View "reload", "reload", "Read settings, keys and theme again; files that change are read by themselves";
        Quit View "quit", "quit", "Leave fleetdeck";
        Refresh View "refresh", "refresh", "Fetch what is shown again";
        PaneFleet View "pane-fleet", "fleet", "Go to the fleet";
        PaneCompliance View "pane-compliance", "compliance", "Go to compliance";
        PaneCommands View "pane-commands", "commands", "Go to the commands";
        PaneParameters View "pane-parameters", "parameters", "Go to the parameters";
        PaneShell View "pane-shell", "shell", "Go to the shells";
        PaneSessions View "pane-sessions", "sessions", "Go to the sessions of everybody and their history";
        PaneForwards View "pane-forwards", "forwards", "Go to the forwarded ports";
        PaneNext View "pane-next", "next pane", "Go to the next pane";
        PanePrevious View "pane-previous", "previous pane", "Go to the previous pane";
        Split View "split", "split", "Split the screen into two sides, or show the one alone that has the keys";
        OnlySide View "only", "one side", "Show the side alone that has the keys";
        OtherSide View "other-side", "other side", "Go to the other side of a split screen";
        SwapSides View "swap-sides", "swap sides", "Let the two sides change places";
        TurnSplit View "turn-split", "turn sides", "Show the two sides one over the other instead of side by side, or the other way round";
        SplitEdgeBack View "split-edge-back", "edge back", "Move the edge between the sides to the left, or up";
        SplitEdgeForth View "split-edge-forth", "edge forth", "Move the edge between the sides to the right, or down";
        Back View "back", "back", "Go back one step";
        PlaceBack View "place-back", "back to", "Go to where one was before";
        PlaceForward View "place-forward", "forth to", "Go to where one came back from";
        Undo Change "undo", "undo", "Take back the last change that can be taken back, after a yes";
        SignIn View "sign-in", "sign in", "Sign in where credentials have expired: in a browser, or with the code of a device";
        Scope View "scope", "scope", "Choose what is looked at: contexts, profiles in regions, several at once";
        NextTheme View "next-theme", "theme", "Change to the next theme";
        ReportBug View "report-bug", "report", "Write what happened last to a file for a bug report; secrets are masked in it";
        Redraw View "redraw", "redraw", "Draw the whole screen again";
        Mouse View "mouse", "mouse", "Take the mouse, or leave it to the terminal, as for selecting text";
        Suspend View "suspend", "suspend", "Put fleetdeck to sleep and return to the shell it was started from";
    }
    List {
        CursorUp View "cursor-up", "up", "One row up";
        CursorDown View "cursor-down", "down", "One row down";
        PageUp View "page-up", "page up", "One page up";
        PageDown View "page-down", "page down", "One page down";
        CursorTop View "cursor-top", "top", "To the first row";
        CursorBottom View "cursor-bottom", "bottom", "To the last row";
        Left View "left", "left", "Columns to the left, or close a branch";
        Right View "right", "right", "Columns to the right, or open a branch";
        ScrollLeft View "scroll-left", "scroll left", "Scroll the columns back, of those that did not fit";
        ScrollRight View "scroll-right", "scroll right", "Scroll to the columns that did not fit; the first one stays";
        Open View "open", "open", "Open what is under the cursor";
        Filter View "filter", "filter", "Filter the rows: words match loosely, key:value tokens exactly";
        Columns View "columns", "columns", "Choose, move and sort by columns, tags among them";
        Wide View "wide", "wide", "Show every column, or the chosen ones again";
        Copy View "copy", "copy", "Copy the row's id or name to the clipboard; in a text the selected lines, or the one that one is at";
        Export View "export", "export", "Write the shown or the marked rows to a file: CSV, JSON or Markdown";
        CopyRow View "copy-row", "copy row", "Copy the cells of the row, with tabs between them";
        CopyTable View "copy-table", "copy table", "Copy every shown row; of a text all of it";
        EditTags Change "edit-tags", "tags", "Edit the tags of the node or parameter under the cursor, or set and remove some on all marked nodes";
    }
    Fleet {
        Mark View "mark", "mark", "Mark the row, or what is below a branch, and step down";
        MarkRange View "mark-range", "mark range", "Mark every row from the last marked one to this one";
        MarkInvert View "mark-invert", "invert marks", "Mark what is unmarked among the shown rows and the other way round";
        MarkAll View "mark-all", "mark all", "Mark every row that matches the filter";
        MarkNone View "mark-none", "unmark all", "Take all marks away, also of rows the filter hides";
        SortNext View "sort-next", "sort", "Sort by the next column";
        SortPrevious View "sort-previous", "sort back", "Sort by the column before";
        SortReverse View "sort-reverse", "reverse", "Turn the order around";
        SortFurther View "sort-further", "sort also", "Sort what is equal so far by a further column; again for the next one";
        Why View "why", "why", "Find out why the node is not connected: a verdict, the next step, and what was checked";
        WhyMissing View "why-missing", "why missing", "Find out why a node is not in the list: type its id or its name";
        GroupBy View "group-by", "group", "Fold the list by what stands in a column or a tag";
        Views View "views", "views", "Look at the fleet as a saved view says";
        SaveView View "save-view", "save view", "Keep filter, order, columns and groups under a name";
        CopyCell View "copy-cell", "copy cell", "Choose a cell of the row and copy it";
        Detail View "detail", "detail", "Show or hide the node's details";
        Compare View "compare", "compare", "Compare the marked nodes, or all that are shown: disks, memory, load, kernel";
        FullDisks View "full-disks", "full disks", "Show the nodes with full disks and no others, or all again";
        Watch View "watch", "watch", "Tell when the marked nodes, or the one under the cursor, are lost or come back";
        OpenShell Change "open-shell", "shell", "Open a shell on the node under the cursor";
        OpenShells Change "open-shells", "shells", "Open shells on the marked nodes, to be typed into together";
        RunCommand Change "run-command", "run", "Run a command on the marked nodes, or on the one under the cursor";
    }
    Columns {
        ToggleColumn View "toggle-column", "show/hide", "Show the column or hide it";
        ColumnUp View "column-up", "move left", "Move the column to the left";
        ColumnDown View "column-down", "move right", "Move the column to the right";
        SortOn View "sort-on", "sort", "Sort by the column alone; again to turn the order around";
        SortAlso View "sort-also", "sort also", "Sort by the column too; again to turn its order around, and to leave it out";
    }
    Filter {
        CompleteFilter View "complete-filter", "complete", "Complete the key or the value that is being typed; again for the next one";
    }
    Node {
        NodeTabNext View "node-tab-next", "next view", "To the next view of the node";
        NodeTabPrevious View "node-tab-previous", "view before", "To the view of the node before";
    }
    NodeDisk {
        BrowseFiles View "browse-files", "files", "Go to the file or folder, or to the files of the file system, under the cursor";
    }
    NodeProcesses {
        SendSignal Change "send-signal", "signal", "Send a signal to the process under the cursor";
    }
    NodeServices {
        RestartService Change "restart-service", "restart", "Restart the service under the cursor";
        StartService Change "start-service", "start", "Start the service under the cursor";
        StopService Change "stop-service", "stop", "Stop the service under the cursor";
    }
    NodeUsers {
        UsersGroups View "users-groups", "users/groups", "Show the groups of the node with their members, or its users again";
    }
    NodeFiles {
        GoToPath View "go-to-path", "path", "Go to a folder or a file by its path";
        FolderUp View "folder-up", "up", "To the folder above";
        EditFile Change "edit-file", "edit", "Edit the file under the cursor";
        FollowFile View "follow-file", "follow", "Follow the file under the cursor as it grows";
        DownloadFile View "download-file", "download", "Copy the file under the cursor to this machine";
        UploadFile Change "upload-file", "upload", "Copy a file of this machine into the folder";
        StopCopying View "stop-copying", "stop copy", "Break off the copy from or to this node that began last; what has arrived is kept for another try";
    }
    NodeLogs {
        PauseLog View "pause-log", "pause", "Hold back what comes, or let it come again";
        FollowJournal View "follow-journal", "journal", "Follow the journal again instead of a file";
    }
    Compliance {
        GroupNext View "group-next", "group by", "Group by the next thing: severity, patch group, each tag";
        GroupPrevious View "group-previous", "group back", "Group by the thing before";
        PatchStates View "patch-states", "states", "Show patches in the next state: not in order, missing, failed, pending reboot, installed, all";
        Scan Change "scan", "scan", "Scan the marked nodes (or those under the cursor) for missing patches";
    }
    Commands {
        Compose Change "compose", "new", "Write a new command";
        RunAgain Change "run-again", "run again", "Open the form with this command's document, parameters and targets";
        Cancel Change "cancel-command", "cancel", "Cancel the command where it has not ended";
        SendRest Change "send-rest", "send rest", "Send the command of a canary to the nodes that wait for it";
        DropRest View "drop-rest", "drop rest", "Let the nodes that wait for a canary be";
        SwitchView View "switch-view", "groups/nodes", "Switch between identical results in groups and every node";
        DiffGroups View "diff", "diff", "Compare the result under the cursor with the marked one, or with the one above";
        PickResult View "pick", "pick", "Keep this result as the one to compare with";
        DiffEarlier View "diff-earlier", "diff run", "Compare the result under the cursor with that of the run before on the same node";
        FoldHosts View "fold-hosts", "hosts", "Leave host names, ids of nodes and addresses out of account when results are compared, or not";
        FoldTimes View "fold-times", "times", "Leave times, dates and durations out of account when results are compared, or not";
        FoldIds View "fold-ids", "ids", "Leave process ids and hexadecimal numbers out of account when results are compared, or not";
        FoldNumbers View "fold-numbers", "numbers", "Leave all other numbers out of account when results are compared, or not";
        FoldAll View "fold-all", "fold", "Leave all of these out of account when results are compared, or none";
    }
    Output {
        Find View "find", "find", "Search the text";
        FindNext View "find-next", "next", "To the next place found";
        FindPrevious View "find-previous", "previous", "To the place found before";
        OnlyFound View "only-found", "only found", "Show only the lines with what is searched for and the lines around them, or all";
        ContextMore View "context-more", "more around", "One line more on each side of what was found";
        ContextLess View "context-less", "less around", "One line less on each side of what was found";
        WrapLines View "wrap-lines", "wrap", "Break long lines at the edge of the window, or let them go on beyond it";
        FollowText View "follow-text", "follow", "Go to the end of the text, and along with it while it grows";
        WholeText View "whole-text", "whole text", "Fetch all of a text that was cut, from where it is kept";
        Pipe View "pipe", "pipe", "Give the text to a program on this machine and read what it says";
        Save View "save", "save", "Write the text to a file";
    }
    Plan {
        CopyLine View "copy-line", "copy CLI line", "Copy the line for the AWS CLI that does the same";
    }
    Parameters {
        Reveal Reveal "reveal", "reveal", "Show the secret under the cursor for a while, or hide it again";
        CopyValue Reveal "copy-value", "copy value", "Copy the value of the parameter; a secret is not shown for it";
        History View "history", "versions", "Show the versions of the parameter";
        CreateParameter Change "create-parameter", "new", "Create a parameter";
        EditParameter Change "edit-parameter", "edit", "Give the parameter a new value";
        DeleteParameter Change "delete-parameter", "delete", "Delete the parameter, or the marked ones";
        ExpandAll View "expand-all", "open all", "Open every branch, or close them all";
        NextOrigin View "next-origin", "next origin", "Show the parameters of the next origin that is looked at";
    }
    History {
        RestoreVersion Change "restore-version", "restore", "Write the version under the cursor again, as the newest one";
        LabelVersion Change "label-version", "label", "Label the version under the cursor, or move a label to it";
        UnlabelVersion Change "unlabel-version", "unlabel", "Take labels away from the version under the cursor";
    }
    Sessions {
        Transcript View "transcript", "transcript", "Read what was written down of the session";
        AttachSession Change "attach-session", "attach", "Go on with a shell of yours that runs without a client";
        TerminateSession Change "terminate-session", "terminate", "End the session, or the marked ones, whoever began them";
        OwnSessions View "own-sessions", "own work", "Show sessions that were fleetdeck's own work and are over, or hide them: looks at nodes, forwarded ports";
    }
    Forwards {
        AddForward Change "add-forward", "new", "Forward a local port to a node, or through it to another host";
        StartForward Change "start-forward", "start/stop", "Start the forward under the cursor, or stop it";
        RestartForward Change "restart-forward", "restart", "Stop the forward and start it again";
        ProbeForward View "probe-forward", "probe", "Try once more whether the port on the other side answers";
        EditForward Change "edit-forward", "edit", "Change the forward under the cursor; one that is on starts again";
        KeepForward View "keep-forward", "keep", "Keep the forward for the next start, in fleetdeck's own file, or keep it no longer";
        RemoveForward View "remove-forward", "remove", "Stop the forward and take it off the list";
    }
    Shell {
        Prefix View "prefix", "prefix", "The key that leaves the session: the next key is fleetdeck's";
        TabNext View "tab-next", "next shell", "To the next shell";
        TabPrevious View "tab-previous", "previous shell", "To the shell before";
        TabLast View "tab-last", "last shell", "To the shell that was typed into before this one";
        Reopen Change "reopen-shell", "reopen", "Start the closed shell again";
    }
    Prefix {
        LeaveShell View "leave-shell", "leave", "Leave the shells running and go back to where one came from";
        SendPrefix View "send-prefix", "send prefix", "Send the prefix key itself to the session";
        FullScreen View "full-screen", "full screen", "Give the shells the whole screen, or take it back";
        Zoom View "zoom", "zoom", "Give this shell all the room of its split, or take it back";
        TabList View "tab-list", "list", "Choose one of the open shells by name";
        TabRename View "tab-rename", "rename", "Give the shell another name";
        NewShell Change "new-shell", "new", "Open another shell: on this node or on one that is chosen";
        SplitRight View "split-right", "split right", "Show another shell at the right of this one";
        SplitDown View "split-down", "split down", "Show another shell below this one";
        Unsplit View "unsplit", "own tab", "Take the shell out of its split";
        FocusLeft View "focus-left", "go left", "Type into the shell at the left";
        FocusRight View "focus-right", "go right", "Type into the shell at the right";
        FocusUp View "focus-up", "go up", "Type into the shell above";
        FocusDown View "focus-down", "go down", "Type into the shell below";
        EdgeLeft View "edge-left", "edge left", "Move the edge of this shell to the left";
        EdgeRight View "edge-right", "edge right", "Move the edge of this shell to the right";
        EdgeUp View "edge-up", "edge up", "Move the edge of this shell up";
        EdgeDown View "edge-down", "edge down", "Move the edge of this shell down";
        MarkShell View "mark-shell", "mark", "Mark the shell as one of those that are typed into together";
        Broadcast View "broadcast", "broadcast", "Type into every marked shell at once, or into this one alone again";
        MuteShell View "mute-shell", "mute", "Leave this shell out while the marked ones are typed into";
        CancelPaste View "cancel-paste", "cancel paste", "Stop the paste that is under way";
        ClipboardRequest View "clipboard-request", "copy request", "Show what a program wants to put into the clipboard";
        Record View "record", "record", "Record what the shell shows into a file on this machine, or stop it";
        CloseShell View "close-shell", "close", "End the session and close its tab";
        Scrollback View "scrollback", "look back", "Look back at what scrolled away, search and copy";
    }
    Scrollback {
        HalfUp View "half-up", "half up", "Half a page up";
        HalfDown View "half-down", "half down", "Half a page down";
        WordNext View "word-next", "next word", "To the next word";
        WordPrevious View "word-previous", "word before", "To the word before";
        LineStart View "line-start", "line start", "To the beginning of the line";
        LineEnd View "line-end", "line end", "To the end of the line";
        SelectText View "select-text", "select", "Begin to select from here, character by character";
        SelectLines View "select-lines", "lines", "Begin to select whole lines, or give it up";
        SelectBlock View "select-block", "block", "Begin to select a rectangle";
        CopySelection View "copy-selection", "copy", "Put what is selected into the clipboard and go back to the shell";
        OpenLink View "open-link", "open link", "Show the address of the link under the cursor, to open or copy it";
    }
    Form {
        FieldNext View "field-next", "next field", "To the next field";
        FieldPrevious View "field-previous", "field before", "To the field before";
        ChoiceNext View "choice-next", "change", "The next choice of the field";
        ChoicePrevious View "choice-previous", "change back", "The choice before";
        Submit View "submit", "submit", "Done: go on with what was entered";
        Plan View "plan", "plan", "Show which nodes the command would reach, without sending it";
    }
    Input {
        Accept View "accept", "accept", "Take what was typed";
        Dismiss View "dismiss", "dismiss", "Drop what was typed, or close the box";
    }
    Confirm {
        Yes View "yes", "yes", "Do what the box asks";
        CopyInstead View "copy-instead", "copy", "Copy what the box is about instead, where it offers that";
        No View "no", "no", "Do nothing";
    }
    Command {
        Complete View "complete", "complete", "Complete the line with what the list stands on";
        RecallOlder View "recall-older", "older", "The line that was typed before this one";
        RecallNewer View "recall-newer", "newer", "The line that was typed after this one";
    }
}

impl Action {
    /// The action of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.name == name).map(|entry| entry.action)
    }

    /// The action's line of the table, or what a command of the user's own has in its place.
    pub fn entry(self) -> &'static Entry {
        match self {
            Self::Own(own) => own.entry(),
            // The table has one line for each action.
            _ => Self::ALL.iter().find(|entry| entry.action == self).unwrap_or(&Self::ALL[0]),
        }
    }

    /// Its place in the order of the table; what is the user's own stands behind.
    pub fn rank(self) -> usize {
        Self::ALL.iter().position(|entry| entry.action == self).unwrap_or(usize::MAX)
    }

    /// What the action may do.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let mut names = std::collections::BTreeSet::new();
        for (index, entry) in Action::ALL.iter().enumerate() {
            assert_eq!(entry.action.rank(), index);
            assert_eq!(entry.action.entry(), entry);
            assert!(names.insert(entry.name), "{} twice", entry.name);
            assert!(!entry.about.is_empty() && !entry.short.is_empty() && entry.about != entry.short);
            assert_eq!(Action::named(entry.name), Some(entry.action));
        }
    }
}
