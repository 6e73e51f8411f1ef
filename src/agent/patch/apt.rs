//! Debian and Ubuntu: `dpkg-query` says what is installed, a simulated `apt-get dist-upgrade` what could be newer.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;

use super::{Package, PackageManager, Scan};
use crate::{agent::tool, ssm::Timestamp};

const LISTS: &str = "/var/lib/apt/lists";
/// Package lists older than this are mentioned.
const STALE: Duration = Duration::from_secs(3 * 24 * 3600);

/// The package manager.
pub struct Apt;

impl PackageManager for Apt {
    fn name(&self) -> &'static str {
        "apt-get"
    }

    fn scan<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Scan, String>> {
        Box::pin(scan(now))
    }
}

async fn scan(now: Timestamp) -> Result<Scan, String> {
    let age = lists_age(Path::new(LISTS), now).ok_or(
        "this node has no package lists, so nothing is known about newer versions; run `apt-get update` on it and scan again",
    )?;
    let mut remarks = Vec::new();
    if age > STALE {
        remarks.push(format!(
            "The package lists are {} days old: newer updates are not known to this node. Run `apt-get update` on it.",
            age.as_secs() / 86_400
        ));
    }
    let format = "-f=${db:Status-Status}\\t${Package}\\t${Architecture}\\t${Version}\\n";
    let installed = tool::ask("dpkg-query", &["-W", format]).await?;
    // No lock, no cache file, no note about not being root: nothing of the system is touched.
    let options = [
        "-s",
        "-o",
        "Debug::NoLocking=true",
        "-o",
        "Dir::Cache::pkgcache=",
        "-o",
        "Dir::Cache::srcpkgcache=",
        "-o",
        "APT::Get::Show-User-Simulation-Note=false",
        "dist-upgrade",
    ];
    let upgrades = tool::ask("apt-get", &options).await?;
    let missing = upgrades_of(&upgrades);
    let held = kept_back(&upgrades);
    if held > 0 {
        remarks.push(format!("{held} packages are kept back or held and not counted as missing."));
    }
    let outdated: HashSet<String> = missing.iter().map(Package::id).collect();
    let mut installed = installed_of(&installed);
    installed.retain(|package| !outdated.contains(&package.id()));
    for package in &mut installed {
        package.installed = installed_time(package);
    }
    Ok(Scan { installed, missing, remarks })
}

/// How old the newest package list is; `None` if there is none.
fn lists_age(lists: &Path, now: Timestamp) -> Option<Duration> {
    let files = fs::read_dir(lists).ok()?.flatten();
    let is_list = |name: &str| name.ends_with("Release") || name.contains("_Packages");
    let newest = files
        .filter(|file| file.file_name().to_str().is_some_and(is_list))
        // Apt gives a list the time at which its archive was made; the change of the inode is the time of the update.
        .filter_map(|file| file.metadata().ok())
        .map(|meta| std::os::unix::fs::MetadataExt::ctime(&meta))
        .max()?;
    Some(now.since(Timestamp::from_millis(newest.saturating_mul(1000))))
}

/// The packages that `dpkg-query` lists as installed.
fn installed_of(text: &str) -> Vec<Package> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            (fields.next()? == "installed").then_some(())?;
            Some(Package {
                name: fields.next()?.to_owned(),
                architecture: fields.next()?.to_owned(),
                version: fields.next()?.to_owned(),
                ..Package::default()
            })
        })
        .collect()
}

/// The `Inst` lines of a simulation that replace an installed version:
/// `Inst libssl3 [3.0.19-1] (3.0.22-1 Debian-Security:12/oldstable-security [amd64]) []`.
fn upgrades_of(text: &str) -> Vec<Package> {
    text.lines().filter_map(upgrade).collect()
}

fn upgrade(line: &str) -> Option<Package> {
    let rest = line.strip_prefix("Inst ")?;
    let (name, rest) = rest.split_once(' ')?;
    // Without a version in brackets it would be a new package: nothing that this node lacks a patch for.
    let (_, rest) = rest.strip_prefix('[')?.split_once(']')?;
    let (candidate, _) = rest.trim_start().strip_prefix('(')?.split_once(')')?;
    let (version, origins) = candidate.split_once(' ')?;
    let (origins, architecture) = origins.rsplit_once(" [")?;
    // `libc6:i386` for a foreign architecture, which the brackets name too.
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    Some(Package {
        name: name.to_owned(),
        architecture: architecture.trim_end_matches(']').to_owned(),
        version: version.to_owned(),
        security: origins.to_ascii_lowercase().contains("security"),
        installed: None,
    })
}

/// How many packages the summary line says are not upgraded.
fn kept_back(text: &str) -> usize {
    text.lines()
        .find(|line| line.contains(" not upgraded"))
        .and_then(|line| line.split(" and ").last()?.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

/// dpkg writes a package's list of files when it installs it.
fn installed_time(package: &Package) -> Option<Timestamp> {
    let Package { name, architecture, .. } = package;
    let time = [format!("{name}.list"), format!("{name}:{architecture}.list")]
        .into_iter()
        .find_map(|file| fs::metadata(Path::new("/var/lib/dpkg/info").join(file)).ok()?.modified().ok())?;
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "\
Reading package lists...
The following packages will be upgraded:
  base-files libgcrypt20 libc6:i386
3 upgraded, 1 newly installed, 0 to remove and 2 not upgraded.
Inst base-files [12.4+deb12u11] (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Conf base-files (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian:12.15/oldstable [amd64])
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) [libgcrypt20-dev:amd64 ]
Inst libc6:i386 [2.36-9] (2.36-10 Debian:12.15/oldstable [i386])
Inst broken
Conf libgcrypt20 (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
";

    const UBUNTU: &str = "\
0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.
Inst openssl [3.0.2-0ubuntu1.10] (3.0.2-0ubuntu1.18 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
Inst tzdata [2023c] (2024a Ubuntu:22.04/jammy-updates [all])
";

    #[test]
    fn a_simulation_of_debian_is_read() {
        let found = upgrades_of(DEBIAN);
        let shown: Vec<(&str, &str, &str, bool)> =
            found.iter().map(|p| (&*p.name, &*p.architecture, &*p.version, p.security)).collect();
        assert_eq!(
            shown,
            [
                ("base-files", "amd64", "12.4+deb12u15", false),
                ("libgcrypt20", "amd64", "1.10.1-3+deb12u1", true),
                ("libc6", "i386", "2.36-10", false),
            ]
        );
        assert_eq!(kept_back(DEBIAN), 2);
    }

    #[test]
    fn a_simulation_of_ubuntu_is_read() {
        let found = upgrades_of(UBUNTU);
        assert_eq!(found.iter().map(|p| p.security).collect::<Vec<_>>(), [true, false]);
        assert_eq!(kept_back(UBUNTU), 0);
    }

    #[test]
    fn only_what_is_installed_counts_as_installed() {
        let text = "installed\tadduser\tall\t3.134\nconfig-files\told\tamd64\t1\nnot-installed\tx\n\ngarbage\n";
        let found = installed_of(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title(), "adduser.all:3.134");
    }

    #[test]
    fn a_node_without_lists_is_told_apart_from_one_with_old_ones() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        assert_eq!(lists_age(dir.path(), now), None);
        fs::write(dir.path().join("lock"), "").unwrap();
        assert_eq!(lists_age(dir.path(), now), None);
        fs::write(dir.path().join("deb.debian.org_dists_x_InRelease"), "").unwrap();
        assert!(lists_age(dir.path(), now.plus(STALE * 2)).unwrap() > STALE);
    }
}
