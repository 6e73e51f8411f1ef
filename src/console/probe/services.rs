//! The services of a node, by whatever looks after them there, and its users and groups.

use std::collections::HashMap;

use super::Sections;
use crate::{client::word::quoted, console::text::clean};

/// Seconds between answers.
const EVERY: u32 = 5;
/// Answers until the script ends by itself, should nobody be there to end it.
const MOST: u32 = 720;

/// What looks after the services of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manager {
    /// systemd.
    Systemd,
    /// OpenRC.
    OpenRc,
    /// Scripts in `/etc/init.d`, which are listed and not asked: some do more than to say how they are.
    InitScripts,
    /// Nothing that is known here.
    #[default]
    None,
}

impl Manager {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::OpenRc => "OpenRC",
            Self::InitScripts => "scripts in /etc/init.d",
            Self::None => "nothing",
        }
    }

    /// The command that starts, stops or restarts a service.
    pub fn command(self, verb: &str, service: &str) -> Option<String> {
        let service = quoted(service);
        match self {
            Self::Systemd => Some(format!("systemctl {verb} -- {service}")),
            Self::OpenRc => Some(format!("rc-service {service} {verb}")),
            Self::InitScripts => Some(format!("/etc/init.d/{service} {verb}")),
            Self::None => None,
        }
    }
}

pub(super) fn script() -> String {
    format!(
        r##"i=0
while [ $i -lt {MOST} ]; do
if u=$(systemctl list-units --type=service --all --no-legend --plain --full --no-pager 2>/dev/null) && [ -n "$u" ]; then
printf '%s\n' "$u" | s units
systemctl list-unit-files --type=service --no-legend --no-pager 2>/dev/null | s enabled
elif command -v rc-status >/dev/null 2>&1; then
rc-status -a 2>/dev/null | s openrc
elif [ -d /etc/init.d ]; then
ls /etc/init.d | s scripts
fi
echo '#.'
i=$((i + 1))
sleep {EVERY}
done"##
    )
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// `nginx.service`.
    pub name: String,
    /// `active`, `inactive`, `failed`, `activating`; empty if nobody knows.
    pub active: String,
    /// `running`, `exited`, `dead` and so on.
    pub sub: String,
    /// Whether it starts with the node: `enabled`, `disabled`, `static`; a run level.
    pub enabled: String,
    /// What it is.
    pub description: String,
}

impl Service {
    /// Whether it should run and does not.
    pub fn is_failed(&self) -> bool {
        matches!(self.active.as_str(), "failed" | "crashed")
    }
}

/// Every service of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// What looks after them.
    pub manager: Manager,
    /// Those that failed first, then by name.
    pub list: Vec<Service>,
}

impl Services {
    /// Reads an answer.
    pub fn parse(text: &str) -> Self {
        let sections = Sections::read(text);
        let (manager, mut list) = if let Some(units) = sections.get("units") {
            let enabled = |name: &str| {
                let mut lines = sections.lines("enabled").iter();
                lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.split_ascii_whitespace().next())
            };
            let units = units.iter().filter_map(|line| {
                let mut words = line.trim_start_matches(['●', '*', ' ', '?']).split_ascii_whitespace();
                let (name, load, active, sub) = (words.next()?, words.next()?, words.next()?, words.next()?);
                let known = load != "not-found" && name.contains('.');
                known.then(|| Service {
                    name: clean(name),
                    active: clean(active),
                    sub: clean(sub),
                    enabled: clean(enabled(name).unwrap_or_default()),
                    description: clean(&words.collect::<Vec<_>>().join(" ")),
                })
            });
            (Manager::Systemd, units.collect::<Vec<_>>())
        } else if let Some(lines) = sections.get("openrc") {
            (Manager::OpenRc, open_rc(lines))
        } else if let Some(scripts) = sections.get("scripts") {
            let scripts = scripts.iter().filter(|name| !name.is_empty() && !name.starts_with("README"));
            let list = scripts.map(|name| Service { name: clean(name), ..Service::default() });
            (Manager::InitScripts, list.collect())
        } else {
            (Manager::None, Vec::new())
        };
        list.sort_by(|a, b| b.is_failed().cmp(&a.is_failed()).then_with(|| a.name.cmp(&b.name)));
        list.dedup_by(|a, b| a.name == b.name);
        Self { manager, list }
    }
}

/// `rc-status -a`: run levels, and below each ` name  [  started  ]`.
fn open_rc(lines: &[&str]) -> Vec<Service> {
    let (mut list, mut level) = (Vec::new(), String::new());
    for line in lines {
        if let Some((_, name)) = line.split_once("Runlevel: ") {
            level = clean(name.trim());
            continue;
        }
        let Some((name, state)) = line.rsplit_once('[') else { continue };
        let state = state.trim_end_matches(']').trim();
        let state = state.split_ascii_whitespace().next().unwrap_or_default();
        let active = match state {
            "started" => "active",
            "stopped" => "inactive",
            other => other,
        };
        let name = clean(name.trim());
        if !name.is_empty() {
            list.push(Service {
                name,
                active: clean(active),
                sub: clean(state),
                enabled: level.clone(),
                description: String::new(),
            });
        }
    }
    list
}

/// Users and groups, one answer.
pub(super) fn accounts() -> String {
    "{ getent passwd 2>/dev/null || cat /etc/passwd; } | s users
{ getent group 2>/dev/null || cat /etc/group; } | s groups
who 2>/dev/null | s who
echo '#.'"
        .to_owned()
}

/// A user of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub id: u32,
    /// The first group.
    pub group: String,
    /// The other groups.
    pub groups: Vec<String>,
    /// Home.
    pub home: String,
    /// The shell.
    pub shell: String,
    /// What the node calls the user in full.
    pub full_name: String,
    /// How often the user is logged in on a terminal.
    pub logins: usize,
}

impl User {
    /// Whether the shell lets nobody in.
    pub fn is_locked_out(&self) -> bool {
        let shell = self.shell.rsplit('/').next().unwrap_or_default();
        matches!(shell, "nologin" | "false" | "sync" | "halt" | "shutdown")
    }
}

/// A group of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The number.
    pub id: u32,
    /// Its members: first those whose first group it is.
    pub members: Vec<String>,
}

/// Users and groups of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The users, those who can log in first, then by number.
    pub users: Vec<User>,
    /// The groups by number, those without members as well.
    pub groups: Vec<Group>,
}

impl Accounts {
    /// Reads an answer.
    pub fn parse(text: &str) -> Self {
        let sections = Sections::read(text);
        let groups: Vec<(&str, &str, Vec<&str>)> = sections
            .lines("groups")
            .iter()
            .filter_map(|line| {
                let mut parts = line.split(':');
                let (name, id) = (parts.next()?, parts.nth(1)?);
                Some((name, id, parts.next().unwrap_or_default().split(',').collect()))
            })
            .collect();
        // The first groups of users do not name them among their members.
        let mut firsts: HashMap<&str, Vec<&str>> = HashMap::new();
        for line in sections.lines("users") {
            let parts: Vec<&str> = line.split(':').take(4).collect();
            if let [name, _, _, group] = parts[..] {
                firsts.entry(group).or_default().push(name);
            }
        }
        let users = sections.lines("users").iter().filter_map(|line| {
            let parts: Vec<&str> = line.split(':').collect();
            let [name, _, id, group, full_name, home, shell, ..] = parts.as_slice() else { return None };
            let first = groups.iter().find(|(_, id, _)| id == group).map_or(*group, |(name, ..)| name);
            let others = groups.iter().filter(|(other, _, members)| members.contains(name) && *other != first);
            let logins = sections.lines("who").iter().filter(|line| line.split(' ').next() == Some(*name)).count();
            Some(User {
                name: clean(name),
                id: id.parse().ok()?,
                group: clean(first),
                groups: others.map(|(name, ..)| clean(name)).collect(),
                home: clean(home),
                shell: clean(shell),
                full_name: clean(full_name.split(',').next().unwrap_or_default()),
                logins,
            })
        });
        let mut users: Vec<User> = users.collect();
        users.sort_by(|a, b| a.is_locked_out().cmp(&b.is_locked_out()).then_with(|| a.id.cmp(&b.id)));
        let groups = groups.iter().filter_map(|(name, id, others)| {
            let firsts = firsts.get(id).map(Vec::as_slice).unwrap_or_default();
            let others = others.iter().filter(|other| !other.is_empty() && !firsts.contains(other));
            let members = firsts.iter().chain(others).map(|member| clean(member)).collect();
            Some(Group { name: clean(name), id: id.parse().ok()?, members })
        });
        let mut groups: Vec<Group> = groups.collect();
        groups.sort_by_key(|group| group.id);
        Self { users, groups }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Probe, run},
        *,
    };

    #[test]
    fn units_of_systemd_are_read_and_the_failed_stand_first() {
        let text = "#units
|cron.service        loaded    active   running Regular background program processing daemon
|● nginx.service     loaded    failed   failed  A high performance web server
|gone.service        not-found inactive dead    gone.service
#enabled
|cron.service        enabled  enabled
|nginx.service       disabled enabled
#.
";
        let services = Services::parse(text);
        assert_eq!(services.manager, Manager::Systemd);
        let told: Vec<_> =
            services.list.iter().map(|s| (s.name.as_str(), s.active.as_str(), s.enabled.as_str())).collect();
        assert_eq!(told, [("nginx.service", "failed", "disabled"), ("cron.service", "active", "enabled")]);
        assert_eq!(services.list[1].description, "Regular background program processing daemon");
    }

    #[test]
    fn what_is_there_instead_of_systemd_is_named() {
        let openrc =
            "#openrc\n|Runlevel: default\n| sshd                    [  started 3 day(s) ]\n| web   [  crashed  ]\n#.\n";
        let services = Services::parse(openrc);
        assert_eq!((services.manager, services.list[0].name.as_str()), (Manager::OpenRc, "web"));
        assert_eq!((services.list[1].active.as_str(), services.list[1].enabled.as_str()), ("active", "default"));
        let scripts = Services::parse("#scripts\n|cron\n|README\n#.\n");
        assert_eq!((scripts.manager, scripts.list.len()), (Manager::InitScripts, 1));
        assert_eq!(Services::parse("#.\n").manager, Manager::None);
        let command = Manager::Systemd.command("restart", "it's.service");
        assert_eq!(command.as_deref(), Some(r"systemctl restart -- 'it'\''s.service'"));
    }

    #[test]
    fn this_machine_says_its_users() {
        let accounts = Accounts::parse(&run(&Probe::Accounts.script()));
        let root = accounts.users.iter().find(|user| user.id == 0).unwrap();
        assert_eq!((root.name.as_str(), root.group.as_str()), ("root", "root"));
        let group = accounts.groups.iter().find(|group| group.id == 0).unwrap();
        assert!(group.members.contains(&"root".to_owned()) && !root.is_locked_out());
    }

    #[test]
    fn groups_have_their_members_whatever_list_those_stand_in() {
        let accounts = Accounts::parse(
            "#users\n|ada:x:1000:100:::/bin/sh\n|eve:x:1001:27:::/bin/sh\n#groups\n|users:x:100:\n|sudo:x:27:ada,eve\n\
             |empty:x:9:\n|broken\n|odd:x:x:ada\n#.\n",
        );
        let told: Vec<_> =
            accounts.groups.iter().map(|group| (group.id, group.name.as_str(), group.members.join(" "))).collect();
        let expected = [(9, "empty", ""), (27, "sudo", "eve ada"), (100, "users", "ada")];
        assert_eq!(told, expected.map(|(id, name, members)| (id, name, members.to_owned())));
    }

    proptest! {
        #[test]
        fn nothing_a_node_says_breaks_it(lines in proptest::collection::vec(
            prop_oneof!["#(units|enabled|openrc|scripts|users|groups|who)", "\\|.{0,60}", "\\|[a-z]{0,5}:x:[0-9]{0,12}:[0-9]{0,12}:.{0,5}:/:/bin/sh"], 0..40)
        ) {
            let text = lines.join("\n");
            let services = Services::parse(&text);
            prop_assert!(services.list.iter().all(|s| !s.name.contains(char::is_control)));
            Accounts::parse(&text);
        }
    }
}
