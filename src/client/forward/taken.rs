//! Why a local port cannot be listened on: who has it, where the system tells.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
};

use tokio::net::TcpListener;

use crate::client::Error;

/// Listens on a local end.
pub(super) async fn listen(local: SocketAddr) -> Result<TcpListener, Error> {
    let refused = match TcpListener::bind(local).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    let detail = match refused.kind() {
        ErrorKind::AddrInUse => {
            let who = tokio::task::spawn_blocking(move || holder(local)).await.ok().flatten();
            format!("{local} is taken by {}", who.as_deref().unwrap_or("another program"))
        }
        ErrorKind::AddrNotAvailable => format!("{} is no address of this machine", local.ip()),
        ErrorKind::PermissionDenied => format!("{local} is not for every user: ports below 1024 mostly are not"),
        _ => format!("cannot listen on {local}: {refused}"),
    };
    Err(Error::Listen { detail })
}

/// The program that listens there, as Linux tells it in `/proc`; elsewhere nobody knows.
fn holder(address: SocketAddr) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().find_map(|file| {
        let table = std::fs::read_to_string(file).ok()?;
        listener(&table, address)
    })?;
    let socket = format!("socket:[{inode}]");
    let holds = |process: &std::path::Path| {
        let files = std::fs::read_dir(process.join("fd")).ok();
        files
            .into_iter()
            .flatten()
            .flatten()
            .any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket.as_str()))
    };
    let number = |name: &std::ffi::OsStr| name.to_str().and_then(|name| name.parse::<u32>().ok());
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut processes = processes.filter_map(|process| Some((number(&process.file_name())?, process.path())));
    let Some((id, path)) = processes.find(|(_, path)| holds(path)) else {
        return Some("a program of another user".to_owned());
    };
    if id == std::process::id() {
        return Some("another forward of this program".to_owned());
    }
    let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    Some(if name.is_empty() { format!("process {id}") } else { format!("{name} (process {id})") })
}

/// The inode of the socket that listens on an address or on all of them, from a table of the kernel.
fn listener(table: &str, address: SocketAddr) -> Option<String> {
    const LISTENS: &str = "0A";
    // Each address stands there in words of the machine's own order.
    let word =
        |octets: &[u8]| octets.try_into().map_or_else(|_| String::new(), |o| format!("{:08X}", u32::from_ne_bytes(o)));
    let ip: String = match address.ip() {
        IpAddr::V4(ip) => word(&ip.octets()),
        IpAddr::V6(ip) => ip.octets().chunks(4).map(word).collect(),
    };
    table.lines().skip(1).find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let (there, port) = words.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(port, 16) == Ok(address.port())
            && (there == ip || there.bytes().all(|digit| digit == b'0'))
            && words.get(3) == Some(&LISTENS);
        is_it.then(|| words.get(9).map(|inode| (*inode).to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_said_who_has_the_port() {
        let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = held.local_addr().unwrap();
        let error = listen(address).await.unwrap_err().to_string();
        let who = if cfg!(target_os = "linux") { "another forward of this program" } else { "another program" };
        assert_eq!(error, format!("{address} is taken by {who}"));
        let nowhere = listen("192.0.2.1:80".parse().unwrap()).await.unwrap_err().to_string();
        assert!(nowhere.contains("192.0.2.1 is no address of this machine"), "{nowhere}");
    }

    #[test]
    fn a_table_of_the_kernel_is_read_whatever_is_in_it() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1538 00000000:0000 01 00000000:00000000 00:00000000 00000000  1000 0 11 1\n\
            1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 12 1\n\
            2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 13 1\n\
            x\n3: 0100007F 0A\n";
        if cfg!(target_endian = "little") {
            assert_eq!(listener(table, "127.0.0.1:5432".parse().unwrap()).as_deref(), Some("12"));
        }
        assert_eq!(listener(table, "127.0.0.1:80".parse().unwrap()).as_deref(), Some("13"));
        assert_eq!(listener(table, "127.0.0.1:81".parse().unwrap()), None);
        assert_eq!(listener("", "[::1]:80".parse().unwrap()), None);
    }
}
