//! What is on the node, in the types that the service's inventory knows.

use std::{collections::BTreeMap, fs};

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::BoxFuture;

use super::{
    facts::{AGENT_NAME, AGENT_VERSION},
    plugin::powershell::is_installed,
    tool,
};
use crate::ssm::{InventoryItem, Timestamp};

/// One entry of an item.
pub type Entry = BTreeMap<String, String>;

/// The largest item that the service takes, in bytes, with room for what stands around it.
const ITEM_LIMIT: usize = 1024 * 1024 - 4096;

/// Where one type of item comes from.
pub struct Gatherer {
    /// `AWS:Application`.
    pub type_name: &'static str,
    /// The input of `aws:softwareInventory` that asks for it.
    pub input: &'static str,
    /// Looks. The error is a sentence.
    pub gather: fn() -> BoxFuture<'static, Result<Vec<Entry>, String>>,
}

/// Everything this agent gathers.
pub const GATHERERS: &[Gatherer] = &[
    Gatherer { type_name: "AWS:Application", input: "applications", gather: || Box::pin(applications()) },
    Gatherer { type_name: "AWS:AWSComponent", input: "awsComponents", gather: || Box::pin(async { Ok(components()) }) },
    Gatherer { type_name: "AWS:Network", input: "networkConfig", gather: || Box::pin(async { Ok(network()) }) },
    Gatherer {
        type_name: "AWS:InstanceDetailedInformation",
        input: "instanceDetailedInformation",
        gather: || Box::pin(async { Ok(details()) }),
    },
];

/// Inputs that ask for something this agent does not gather. Those for Windows are no loss here.
pub const NOT_GATHERED: &[&str] = &["files", "services", "customInventory"];

/// An item with its hash; entries beyond the size limit are left out, the last ones first.
pub fn item(type_name: &str, mut content: Vec<Entry>, now: Timestamp) -> InventoryItem {
    let mut size = 0;
    let fitting = content
        .iter()
        .take_while(|entry| {
            size += serde_json::to_vec(entry).map_or(0, |bytes| bytes.len() + 1);
            size <= ITEM_LIMIT
        })
        .count();
    if fitting < content.len() {
        tracing::warn!("{type_name} has {} entries, of which only {fitting} fit the service's limit", content.len());
        content.truncate(fitting);
    }
    let bytes = serde_json::to_vec(&content).unwrap_or_default();
    InventoryItem {
        type_name: type_name.to_owned(),
        schema_version: if type_name == "AWS:Application" { "1.1" } else { "1.0" }.to_owned(),
        capture_time: now.civil().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        // Only ever compared with the one before.
        content_hash: Some(BASE64_STANDARD.encode(digest::digest(&digest::SHA256, &bytes))),
        content,
        context: BTreeMap::new(),
    }
}

fn entry<const N: usize>(fields: [(&str, String); N]) -> Entry {
    fields.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text)).collect()
}

const APPLICATION: [&str; 6] = ["Name", "Version", "Architecture", "ApplicationType", "Publisher", "Summary"];

async fn applications() -> Result<Vec<Entry>, String> {
    if is_installed("dpkg-query") {
        let format = "-f=${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${Maintainer}\\t\
                      ${binary:Summary}\\n";
        let text = tool::ask("dpkg-query", &["-W", format]).await?;
        return Ok(text.lines().filter_map(|line| line.strip_prefix("installed\t")).map(application).collect());
    }
    if is_installed("rpm") {
        let format = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{GROUP}\\t%{VENDOR}\\t%{SUMMARY}\\n";
        let text = tool::ask("rpm", &["-qa", "--queryformat", format]).await?;
        return Ok(text.lines().map(application).collect());
    }
    Err("neither dpkg-query nor rpm is on the agent's PATH, so the applications are not known".to_owned())
}

fn application(line: &str) -> Entry {
    APPLICATION
        .into_iter()
        .zip(line.split('\t'))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

fn components() -> Vec<Entry> {
    vec![entry([
        ("Name", AGENT_NAME.to_owned()),
        ("ApplicationType", "admin".to_owned()),
        ("Publisher", "fleetdeck".to_owned()),
        ("Version", AGENT_VERSION.to_owned()),
        ("Architecture", std::env::consts::ARCH.to_owned()),
    ])]
}

fn network() -> Vec<Entry> {
    let mut interfaces: BTreeMap<String, (Vec<String>, Vec<String>, String)> = BTreeMap::new();
    for address in nix::ifaddrs::getifaddrs().into_iter().flatten() {
        if address.interface_name == "lo" {
            continue;
        }
        let (v4, v6, mac) = interfaces.entry(address.interface_name).or_default();
        let Some(storage) = address.address else { continue };
        if let Some(ip) = storage.as_sockaddr_in() {
            v4.push(ip.ip().to_string());
        } else if let Some(ip) = storage.as_sockaddr_in6() {
            v6.push(ip.ip().to_string());
        } else if let Some(bytes) = storage.as_link_addr().and_then(|link| link.addr()) {
            *mac = bytes.map(|byte| format!("{byte:02x}")).join(":");
        }
    }
    let entries = interfaces.into_iter().map(|(name, (v4, v6, mac))| {
        entry([("Name", name), ("MacAddress", mac), ("IPV4", v4.join(",")), ("IPV6", v6.join(","))])
    });
    entries.collect()
}

fn details() -> Vec<Entry> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        cpu.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    let cpus = std::thread::available_parallelism().map(|count| count.to_string());
    let speed = field("cpu MHz");
    let whole_speed = speed.split('.').next().unwrap_or_default().to_owned();
    vec![entry([
        ("CPUModel", field("model name")),
        ("CPUSpeedMHz", whole_speed),
        ("CPUs", cpus.unwrap_or_default()),
        ("CPUCores", field("cpu cores")),
        ("KernelVersion", kernel.unwrap_or_default()),
    ])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_says_when_and_what_and_stays_within_its_size() {
        let now = Timestamp::parse_iso("2026-11-22T08:51:02.500Z").unwrap();
        let one = item("AWS:Application", vec![application("adduser\t3.134\tall\tadmin\tDebian\tadd users")], now);
        assert_eq!(one.capture_time, "2026-11-22T08:51:02Z");
        assert_eq!(one.content[0]["Publisher"], "Debian");
        let many = item("AWS:X", vec![entry([("Name", "x".repeat(1000))]); 5000], now);
        assert!(serde_json::to_vec(&many.content).unwrap().len() <= ITEM_LIMIT + 2);
        assert!(!many.content.is_empty());
    }

    #[test]
    fn this_machine_has_a_kernel() {
        assert!(details()[0].contains_key("KernelVersion"));
    }
}
