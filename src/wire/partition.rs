//! Where AWS's services stand: host names by region.

/// Host name suffixes of the partitions, by the region's prefix; everything else is `amazonaws.com`.
const SUFFIXES: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-de-", "amazonaws.eu"),
];

/// The address of a service's own endpoint: `https://ssm.eu-west-1.amazonaws.com`.
pub fn endpoint(service: &str, region: &str) -> String {
    let found = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    let suffix = found.map_or("amazonaws.com", |(_, suffix)| suffix);
    format!("https://{service}.{region}.{suffix}")
}

/// Whether a host is one of AWS's own, in any partition.
pub fn is_aws_host(host: &str) -> bool {
    let suffixes = SUFFIXES.iter().map(|(_, suffix)| *suffix).chain(["amazonaws.com"]);
    suffixes.into_iter().any(|suffix| host.strip_suffix(suffix).is_some_and(|head| head.ends_with('.')))
}

/// The host in a URL of a service, without its port: `ssmmessages.eu-west-1.amazonaws.com`.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a text can be a region: letters, digits and hyphens, at most 100. Anything else has no place in a host name.
pub fn is_region(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_their_own_names() {
        assert_eq!(endpoint("ssm", "eu-west-1"), "https://ssm.eu-west-1.amazonaws.com");
        assert_eq!(endpoint("sts", "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoint("ssm", "us-isob-east-1"), "https://ssm.us-isob-east-1.sc2s.sgov.gov");
    }

    #[test]
    fn hosts_that_only_look_like_awss_are_not() {
        assert!(is_aws_host("s3.eu-west-1.amazonaws.com") && is_aws_host("s3.cn-north-1.amazonaws.com.cn"));
        for host in ["amazonaws.com.evil.example", "evilamazonaws.com", "amazonaws.com", "127.0.0.1", ""] {
            assert!(!is_aws_host(host), "{host}");
        }
    }

    #[test]
    fn the_host_of_a_url_is_its_host() {
        for (url, host) in [
            (
                "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/a?role=x",
                "ssmmessages.eu-west-1.amazonaws.com",
            ),
            ("ws://127.0.0.1:7700/v1", "127.0.0.1"),
            ("http://[::1]:7700", "::1"),
            ("https://x.amazonaws.com@evil.example/", "evil.example"),
            ("", ""),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    #[test]
    fn a_region_is_no_host_name() {
        assert!(is_region("us-east-1"));
        for text in ["", "evil.example/", "us east", &"x".repeat(101)] {
            assert!(!is_region(text), "{text}");
        }
    }
}
