//! What to do about a way that does not lead there, by what the layers below say of it: a name, a port, a certificate, a proxy.

use reqwest::Url;

use super::endpoint::is_loopback;

/// The environment variable that sends requests to an endpoint over a proxy, if one does.
pub(super) fn proxy(endpoint: &str) -> Option<&'static str> {
    proxy_of(endpoint, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn proxy_of(endpoint: &str, is_set: impl Fn(&str) -> bool) -> Option<&'static str> {
    let url = Url::parse(endpoint).ok().filter(|_| !is_loopback(endpoint))?;
    let own = if url.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    own.into_iter().chain(["ALL_PROXY", "all_proxy"]).find(|name| is_set(name))
}

/// What to do where no connection comes about.
pub(super) fn connect_advice(endpoint: &str, detail: &str, proxy: Option<&str>) -> String {
    let lower = detail.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let url = Url::parse(endpoint).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or(endpoint);
    if let Some(variable) = proxy {
        return format!(
            "{variable} sends this over a proxy: check that it answers and lets {host} through, or name {host} in NO_PROXY."
        );
    }
    if says(&["lookup address", "dns error", "name or service", "nodename nor servname", "no such host"]) {
        return format!(
            "The name {host} is not known here: check the region and the endpoint URL, and the DNS server or the VPN that knows it."
        );
    }
    if is_loopback(endpoint) {
        return format!("Is the engine running? `fleetdeck serve` starts it; it was expected at {endpoint}.");
    }
    if says(&["refused"]) {
        return format!("{host} is there and takes no connection: check the port of the endpoint URL, and firewalls.");
    }
    if says(&["unreachable", "no route"]) {
        return "There is no way there from this network: check the network and the VPN.".to_owned();
    }
    if says(&["reset", "broken pipe", "closed", "incomplete"]) {
        return "The connection broke off on its way: check the network, and what stands between, such as a firewall."
            .to_owned();
    }
    "Check the network, the region and the endpoint URL.".to_owned()
}

/// What to do where no answer comes.
pub(super) fn timeout_advice(endpoint: &str, proxy: Option<&str>) -> String {
    match proxy {
        Some(variable) => format!("{variable} sends this over a proxy: check that it lets {endpoint} through."),
        None if is_loopback(endpoint) => {
            "What listens there takes questions and answers none: it is stopped or stuck. Look at its process."
                .to_owned()
        }
        None => "It hangs, or a firewall or security group on the way drops packets: check the network.".to_owned(),
    }
}

/// What to do where an endpoint, AWS's own if none is named, takes questions and answers none.
pub fn silence_advice(endpoint: Option<&str>) -> String {
    let endpoint = endpoint.unwrap_or("https://amazonaws.com");
    timeout_advice(endpoint, proxy(endpoint))
}

/// What to do where the other side cannot be trusted, by what the TLS library says.
pub(super) fn tls_advice(detail: &str) -> &'static str {
    let lower = detail.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["expired", "not valid yet", "notvalidyet"]) {
        "Its certificate does not hold at this time: check this machine's clock; else its owner has to renew it."
    } else if says(&["notvalidforname", "not valid for name"]) {
        "The certificate is another host's: check the endpoint URL, and whether something answers in its place."
    } else if says(&["invalidcontenttype", "corrupt message"]) {
        "What answers there does not speak TLS: is the endpoint URL one of http:// instead of https://?"
    } else {
        "The certificate is not trusted: set AWS_CA_BUNDLE to the PEM file of its authority, and check the clock."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_way_has_its_own_next_step() {
        let far = "https://ssm.eu-west-1.amazonaws.com";
        let advice = |detail| connect_advice(far, detail, None);
        let told = [
            advice("failed to lookup address information: Name or service not known"),
            advice("Connection refused (os error 111)"),
            advice("Network is unreachable (os error 101)"),
            advice("connection reset by peer"),
            connect_advice("http://127.0.0.1:7700", "Connection refused (os error 111)", None),
            connect_advice(far, "tunnel error: unsuccessful", Some("HTTPS_PROXY")),
            timeout_advice(far, None),
            timeout_advice(far, Some("HTTPS_PROXY")),
            tls_advice("invalid peer certificate: UnknownIssuer").to_owned(),
            tls_advice("invalid peer certificate: certificate expired: verification time 1").to_owned(),
            tls_advice("invalid peer certificate: certificate not valid for name \"x\"").to_owned(),
            tls_advice("received corrupt message of type InvalidContentType").to_owned(),
        ];
        let expected = [
            "DNS",
            "firewalls",
            "VPN",
            "broke off",
            "fleetdeck serve",
            "NO_PROXY",
            "drops packets",
            "HTTPS_PROXY",
            "AWS_CA_BUNDLE",
            "clock",
            "another host's",
            "http://",
        ];
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{told}");
        }
        assert_eq!(told.iter().collect::<std::collections::HashSet<_>>().len(), told.len());
    }

    #[test]
    fn a_proxy_is_named_where_one_is_on_the_way() {
        let set = |names: &'static [&'static str]| move |name: &str| names.contains(&name);
        assert_eq!(proxy_of("https://ssm.example.com", set(&["https_proxy"])), Some("https_proxy"));
        assert_eq!(proxy_of("http://ssm.example.com", set(&["HTTPS_PROXY", "ALL_PROXY"])), Some("ALL_PROXY"));
        assert_eq!(proxy_of("http://127.0.0.1:7700", set(&["HTTP_PROXY"])), None);
        assert_eq!(proxy_of("https://ssm.example.com", set(&[])), None);
    }
}
