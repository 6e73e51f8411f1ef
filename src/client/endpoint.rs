//! Where the services are: AWS's host names by region, or the one address that the user named.

use super::Error;
use crate::wire::partition;

/// The addresses of one region, or of one custom endpoint.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    region: String,
    ssm: String,
    custom: bool,
    /// Addresses that were named for one service alone.
    named: Vec<(&'static str, String)>,
}

/// Services besides Systems Manager that may have an address of their own, and what AWS's configuration calls them.
pub(super) const SERVICES: &[(&str, &str)] =
    &[("kms", "KMS"), ("logs", "CloudWatch Logs"), ("ec2", "EC2"), ("sts", "STS")];

impl Endpoint {
    /// Errors: [`Error::Config`] if the region or the URL is malformed.
    pub(super) fn new(region: &str, custom: Option<&str>) -> Result<Self, Error> {
        if !partition::is_region(region) {
            return Err(Error::Config(format!("{region:?} is not the name of a region")));
        }
        let ssm = match custom {
            None => partition::endpoint("ssm", region),
            Some(url) => {
                let parsed = reqwest::Url::parse(url)
                    .map_err(|error| Error::Config(format!("the endpoint URL {url:?} cannot be read: {error}")))?;
                if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
                    return Err(Error::Config(format!("the endpoint URL {url:?} must begin with http:// or https://")));
                }
                url.trim_end_matches('/').to_owned()
            }
        };
        Ok(Self { region: region.to_owned(), ssm, custom: custom.is_some(), named: Vec::new() })
    }

    /// With addresses of single services, as [`SERVICES`] lists them.
    pub(super) fn with_named(mut self, named: Vec<(&'static str, String)>) -> Self {
        self.named = named;
        self
    }

    /// Another service: where it was named, else at the custom endpoint, which serves everything, else AWS's own.
    pub(super) fn service(&self, name: &str) -> String {
        let named = self.named.iter().find(|(service, _)| *service == name);
        match (named, self.custom) {
            (Some((_, url)), _) => url.clone(),
            (None, true) => self.ssm.clone(),
            (None, false) => partition::endpoint(name, &self.region),
        }
    }

    /// Whether a service has an address of its own.
    pub(super) fn has_named(&self, name: &str) -> bool {
        self.named.iter().any(|(service, _)| *service == name)
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Systems Manager.
    pub(super) fn ssm(&self) -> &str {
        &self.ssm
    }

    /// Whether the user named it.
    pub(super) fn is_custom(&self) -> bool {
        self.custom
    }

    /// The security token service; a custom endpoint serves it too.
    pub(super) fn sts(&self) -> String {
        self.service("sts")
    }

    /// Whether an object's address may be asked for with the user's credentials: it is of the endpoint that the user
    /// named, or of AWS over TLS. The address comes from a server, and a signature is not for everybody.
    pub(super) fn holds(&self, url: &reqwest::Url) -> bool {
        let named = reqwest::Url::parse(&self.ssm).is_ok_and(|ours| self.custom && ours.origin() == url.origin());
        named || (url.scheme() == "https" && url.host_str().is_some_and(partition::is_aws_host))
    }

    /// The region that an object's URL is signed for: its own where the host name tells it.
    pub(super) fn object_region(&self, host: &str) -> String {
        // s3.<region>.amazonaws.com and <bucket>.s3.<region>.amazonaws.com; the old global name is us-east-1's.
        let Some((head, _)) = host.split_once(".amazonaws.com") else { return self.region.clone() };
        match head.rsplit_once("s3.").or_else(|| head.rsplit_once("s3-")) {
            Some((_, region)) if !region.is_empty() => region.to_owned(),
            _ => "us-east-1".to_owned(),
        }
    }
}

/// Whether a URL is of this machine.
pub fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:7700", true),
            ("http://[::1]:7700/x", true),
            ("http://LOCALHOST", true),
            ("http://10.0.0.1", false),
            ("https://127.0.0.1.example.com", false),
            ("https://user@10.0.0.1:443", false),
            ("http://127.0.0.1@evil.example", false),
            ("127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url:?}");
        }
    }

    #[test]
    fn partitions_have_their_host_names() {
        let host = |region: &str| Endpoint::new(region, None).unwrap().ssm().to_owned();
        assert_eq!(host("eu-central-1"), "https://ssm.eu-central-1.amazonaws.com");
        assert_eq!(host("cn-north-1"), "https://ssm.cn-north-1.amazonaws.com.cn");
        assert_eq!(host("us-gov-west-1"), "https://ssm.us-gov-west-1.amazonaws.com");
        assert_eq!(host("us-isob-east-1"), "https://ssm.us-isob-east-1.sc2s.sgov.gov");
    }

    #[test]
    fn a_custom_endpoint_serves_everything() {
        let endpoint = Endpoint::new("us-east-1", Some("http://127.0.0.1:7700/")).unwrap();
        assert_eq!(endpoint.ssm(), "http://127.0.0.1:7700");
        assert_eq!(endpoint.sts(), "http://127.0.0.1:7700");
        assert_eq!(endpoint.service("kms"), "http://127.0.0.1:7700");
        let aws = Endpoint::new("eu-west-1", None).unwrap();
        assert_eq!(aws.service("kms"), "https://kms.eu-west-1.amazonaws.com");
        let named = aws.with_named(vec![("kms", "http://127.0.0.1:1".into())]);
        assert_eq!(
            (&*named.service("kms"), &*named.service("logs")),
            ("http://127.0.0.1:1", "https://logs.eu-west-1.amazonaws.com")
        );
        for wrong in ["127.0.0.1:7700", "ftp://x", "http://", ""] {
            assert!(matches!(Endpoint::new("us-east-1", Some(wrong)), Err(Error::Config(_))), "{wrong}");
        }
        assert!(matches!(Endpoint::new("us east", None), Err(Error::Config(_))));
    }

    #[test]
    fn only_the_endpoint_and_aws_are_asked_for_objects() {
        let endpoint = Endpoint::new("us-east-1", Some("http://127.0.0.1:7700")).unwrap();
        let holds = |url: &str| endpoint.holds(&url.parse().unwrap());
        assert!(holds("http://127.0.0.1:7700/bucket/key") && holds("https://s3.us-east-1.amazonaws.com/bucket/key"));
        for url in [
            "http://127.0.0.1:7701/bucket/key",
            "https://127.0.0.1:7700/bucket/key",
            "http://s3.us-east-1.amazonaws.com/bucket/key",
            "https://s3.amazonaws.com.evil.example/bucket/key",
            "https://evil.example/bucket/key",
        ] {
            assert!(!holds(url), "{url}");
        }
    }

    #[test]
    fn objects_are_signed_for_the_region_of_their_host() {
        let endpoint = Endpoint::new("us-west-2", None).unwrap();
        for (host, region) in [
            ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
            ("logs.s3.eu-west-1.amazonaws.com", "eu-west-1"),
            ("s3-ap-south-1.amazonaws.com", "ap-south-1"),
            ("s3.amazonaws.com", "us-east-1"),
            ("127.0.0.1", "us-west-2"),
        ] {
            assert_eq!(endpoint.object_region(host), region, "{host}");
        }
    }
}
