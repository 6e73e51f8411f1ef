//! Processes, services and users: rows under a line that says how many there are.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    super::{
        cards,
        columns::Chosen,
        grid::{Cell, Column, Grid},
        lens,
    },
    View, fresh, waiting,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        probe::services::Manager,
        state::{
            list::List,
            node_view::{
                NodeView, Subject,
                table::{Row, Table},
            },
            seen::Slot,
        },
        text,
    },
};

/// The line over a table: how many there are and the filter in force, or the filter while it is typed.
fn heading<T: Row>(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    table: &Table<T>,
    told: &str,
    example: &str,
) -> Rect {
    let told = vec![view.span(Role::Dim, format!(" {told}"))];
    let left = lens::beside(view, told, &table.lens, area.width);
    let left = lens::typed(view, &table.lens, table.rows().len(), example).unwrap_or(left);
    super::super::lines(view, frame, Rect { height: 1.min(area.height), ..area }, vec![Line::from(left)]);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if table.rows().is_empty() {
        let next = "The node answered, but what lists them there says nothing.";
        cards::empty(view, frame, body, "There are none", next, &[Action::Refresh]);
    } else {
        lens::nothing(view, frame, body, &table.lens);
    }
    body
}

fn grid<T: Row>(
    view: &mut View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    (list, table): (List, &Table<T>),
    columns: impl Into<Vec<Column>>,
    cell: impl Fn(&View<'_>, &T, usize) -> Cell,
) {
    if table.is_empty() {
        return;
    }
    let chosen = Chosen::of(view, list, columns, Some(&table.lens));
    let grid = Grid {
        slot: Slot::NodeTable,
        columns: &chosen.columns,
        len: table.len(),
        cursor: &table.cursor,
        focused: !table.lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    grid.draw(view, frame, area, |view, row, column| match table.lens.place(row).zip(table.row(row)) {
        Some((place, row)) => chosen.cell(view, place, column, |column| cell(view, row, column)),
        None => Cell::plain(""),
    });
}

pub(super) fn processes(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    if waiting(view, frame, area, shown, Subject::Processes) {
        return;
    }
    let processes = &shown.processes;
    let running = processes.table.rows().iter().filter(|row| row.process.state == 'R').count();
    let dead = processes.table.rows().iter().filter(|row| row.process.state == 'Z').count();
    let dead = if dead > 0 { format!(", {dead} dead but not buried") } else { String::new() };
    let told = format!(
        "{}, {running} running{dead}",
        text::count(processes.table.rows().len(), "process").replace("processs", "processes")
    );
    let body = heading(view, frame, area, &processes.table, &told, "nginx user:root cpu>10 memory>1G");
    let columns = [
        Column::new("PID", 7, 8, 1).right(),
        Column::new("User", 6, 16, 3),
        Column::new("CPU%", 6, 6, 1).named("cpu").right(),
        Column::new("Memory", 8, 8, 2).right(),
        Column::new("Time", 7, 10, 4).right(),
        Column::new("Command", 10, 400, 0),
    ];
    grid(view, frame, body, (List::Processes, &processes.table), columns, |view, row, column| {
        let role = |own| fresh(view, shown, Subject::Processes, own);
        let process = &row.process;
        match column {
            0 => Cell::role(view, role(Role::Dim), process.pid.to_string()),
            1 => Cell::role(view, role(Role::Text), process.user.as_str()),
            2 => {
                let own = if row.cpu >= 90.0 {
                    Role::Failed
                } else if row.cpu >= 50.0 {
                    Role::Warning
                } else {
                    Role::Text
                };
                Cell::role(view, role(own), format!("{:.1}", row.cpu))
            }
            3 => Cell::role(view, role(Role::Text), text::bytes(process.memory)),
            4 => Cell::role(view, role(Role::Dim), time(row.time)),
            _ => {
                let (own, note) = match process.state {
                    'Z' => (Role::Failed, " (dead)"),
                    'D' => (Role::Warning, " (waits for a disk)"),
                    'T' | 't' => (Role::Stopped, " (stopped)"),
                    _ => (Role::Text, ""),
                };
                Cell::role(view, role(own), format!("{}{note}", process.command))
            }
        }
    });
}

/// Time on the processors as `ps` writes it: `1:02:03`.
fn time(time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

pub(super) fn services(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    if waiting(view, frame, area, shown, Subject::Services) {
        return;
    }
    let services = &shown.services;
    if services.manager == Manager::None {
        let next =
            "There is neither systemd nor OpenRC nor /etc/init.d. The processes are in the view beside this one.";
        return cards::empty(view, frame, area, "Nothing here looks after services", next, &[Action::NodeTabPrevious]);
    }
    let failed = services.failed();
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    let unknown = if services.manager == Manager::InitScripts { "; how they are is not known" } else { "" };
    let told = format!(
        "{} of {}{failed}{unknown}",
        text::count(services.table.rows().len(), "service"),
        services.manager.name()
    );
    let body = heading(view, frame, area, &services.table, &told, "ssh state:failed !at-start:enabled");
    let columns = [
        Column::new("Service", 16, 44, 0),
        Column::new("State", 10, 12, 1),
        Column::new("Detail", 8, 14, 3),
        Column::new("At start", 8, 12, 2),
        Column::new("Description", 10, 120, 4),
    ];
    grid(view, frame, body, (List::Services, &services.table), columns, |view, service, column| {
        let role = |own| fresh(view, shown, Subject::Services, own);
        match column {
            0 => Cell::role(view, role(Role::Text), service.name.as_str()),
            1 => {
                let (own, sign) = match service.active.as_str() {
                    "active" => (Role::Success, view.look.sign("●", "*")),
                    "failed" | "crashed" => (Role::Failed, view.look.sign("✗", "x")),
                    "activating" | "reloading" | "deactivating" => (Role::Running, view.look.sign("◌", "-")),
                    "" => (Role::Unknown, "?"),
                    _ => (Role::Dim, view.look.sign("○", "o")),
                };
                Cell::role(view, role(own), format!("{sign} {}", service.active))
            }
            2 => Cell::role(view, role(Role::Dim), service.sub.as_str()),
            3 => Cell::role(view, role(Role::Dim), service.enabled.as_str()),
            _ => Cell::role(view, role(Role::Dim), service.description.as_str()),
        }
    });
}

pub(super) fn users(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    if waiting(view, frame, area, shown, Subject::Users) {
        return;
    }
    let users = &shown.users;
    let [people, groups] =
        [text::count(users.table.rows().len(), "user"), text::count(users.groups.rows().len(), "group")];
    if users.by_group {
        return user_groups(view, frame, area, shown, &format!("{groups}, {people}"));
    }
    let told = format!("{people}, {groups}");
    let body = heading(view, frame, area, &users.table, &told, "ann also-in:sudo logged-in>0");
    let columns = [
        Column::new("User", 10, 24, 0),
        Column::new("Id", 6, 10, 1).right(),
        Column::new("Group", 8, 20, 2),
        Column::new("Also in", 8, 50, 4),
        Column::new("Logged in", 9, 9, 5),
        Column::new("Shell", 9, 24, 3),
        Column::new("Home", 8, 30, 6),
        Column::new("Full name", 9, 30, 7),
    ];
    grid(view, frame, body, (List::Users, &users.table), columns, |view, user, column| {
        let role = |own| fresh(view, shown, Subject::Users, own);
        let own = if user.is_locked_out() { Role::Dim } else { Role::Text };
        match column {
            0 if user.id == 0 => Cell::role(view, role(Role::Warning), user.name.as_str()),
            0 => Cell::role(view, role(own), user.name.as_str()),
            1 => Cell::role(view, role(Role::Dim), user.id.to_string()),
            2 => Cell::role(view, role(own), user.group.as_str()),
            3 => Cell::role(view, role(own), user.groups.join(" ")),
            4 if user.logins > 0 => Cell::role(view, role(Role::Success), text::count(user.logins, "time")),
            4 => Cell::plain(""),
            5 => Cell::role(view, role(own), user.shell.as_str()),
            6 => Cell::role(view, role(Role::Dim), user.home.as_str()),
            _ => Cell::role(view, role(Role::Dim), user.full_name.as_str()),
        }
    });
}

/// The groups instead of the users, those without members as well.
fn user_groups(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView, told: &str) {
    let groups = &shown.users.groups;
    let body = heading(view, frame, area, groups, told, "sudo members:ann count>0");
    let columns = [
        Column::new("Group", 10, 32, 0),
        Column::new("Id", 6, 10, 1).right(),
        Column::new("Count", 6, 6, 3).right(),
        Column::new("Members", 10, 200, 2),
    ];
    grid(view, frame, body, (List::UserGroups, groups), columns, |view, group, column| {
        let role = |own| fresh(view, shown, Subject::Users, own);
        match column {
            0 if group.id == 0 => Cell::role(view, role(Role::Warning), group.name.as_str()),
            0 => Cell::role(view, role(Role::Text), group.name.as_str()),
            1 => Cell::role(view, role(Role::Dim), group.id.to_string()),
            2 if group.members.is_empty() => Cell::role(view, role(Role::Dim), view.look.sign("·", ".")),
            2 => Cell::role(view, role(Role::Text), group.members.len().to_string()),
            _ => Cell::role(view, role(Role::Text), group.members.join(" ")),
        }
    });
}
