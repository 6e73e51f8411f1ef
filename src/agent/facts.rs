//! What this machine is: platform, name and address, read from the system at each heartbeat.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket},
};

/// The agent's name in heartbeats and replies.
pub const AGENT_NAME: &str = "fleetdeck-agent";
/// The version it announces: four parts, for peers derive features from it.
pub const AGENT_VERSION: &str = "3.3.0.0";

/// Facts about the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `Debian GNU/Linux`.
    pub platform_name: String,
    /// `12`.
    pub platform_version: String,
    /// The host name.
    pub computer_name: String,
    /// The address it uses to reach others; empty if it has none.
    pub ip_address: String,
}

/// `Linux` or `MacOS`, as the API spells it.
pub const PLATFORM_TYPE: &str = if cfg!(target_os = "macos") { "MacOS" } else { "Linux" };
/// `linux` or `macos`, as channels and documents spell it.
pub const PLATFORM: &str = if cfg!(target_os = "macos") { "macos" } else { "linux" };

impl Facts {
    /// Looks. `service` is the address of the service, whose route tells the machine's own address if nothing else does.
    pub fn read(service: &str) -> Self {
        let (platform_name, platform_version) = Self::platform();
        Self {
            platform_name,
            platform_version,
            computer_name: nix::unistd::gethostname()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            ip_address: address(service).map(|address| address.to_string()).unwrap_or_default(),
        }
    }

    /// Name and version of the platform alone.
    pub fn platform() -> (String, String) {
        let os = ["/etc/os-release", "/usr/lib/os-release"].into_iter().find_map(|path| fs::read_to_string(path).ok());
        os.as_deref().map_or_else(uname, platform)
    }
}

/// Name and version out of `os-release`.
fn platform(text: &str) -> (String, String) {
    let mut values = assignments(text);
    let mut take = |name: &str| values.remove(name).filter(|value| !value.is_empty());
    let name = take("NAME").or_else(|| take("ID")).unwrap_or_else(|| "Linux".to_owned());
    (name, take("VERSION_ID").or_else(|| take("BUILD_ID")).unwrap_or_default())
}

/// `NAME="value"` lines, as a shell would read them.
fn assignments(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).replace('\\', "")))
        .collect()
}

fn uname() -> (String, String) {
    nix::sys::utsname::uname()
        .map(|name| (name.sysname().to_string_lossy().into_owned(), name.release().to_string_lossy().into_owned()))
        .unwrap_or_default()
}

/// The address of the route to the world, else of that to the service. Connecting a datagram socket sends nothing.
fn address(service: &str) -> Option<IpAddr> {
    let route = |target: SocketAddr| {
        let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(target).ok()?;
        socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_unspecified())
    };
    // An address of the block that is set aside for documentation.
    route(([192, 0, 2, 1], 9).into()).or_else(|| {
        let url = reqwest::Url::parse(service).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']);
        let port = url.port_or_known_default()?;
        (host, port).to_socket_addrs().ok()?.find_map(route)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_with_and_without_quotes() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n";
        assert_eq!(platform(debian), ("Debian GNU/Linux".into(), "12".into()));
        assert_eq!(platform("NAME=Fedora\nVERSION_ID=40"), ("Fedora".into(), "40".into()));
        assert_eq!(platform("ID=arch\n"), ("arch".into(), String::new()));
        assert_eq!(platform("").0, "Linux");
    }

    #[test]
    fn this_machine_has_a_name() {
        assert!(!Facts::read("http://127.0.0.1:1").computer_name.is_empty());
    }
}
