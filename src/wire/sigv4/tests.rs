use proptest::prelude::*;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// AWS's published example: GET iam ListUsers, 30 August 2015.
#[test]
fn the_published_example_verifies() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, \
         Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    let headers = [
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("host", "iam.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        ("authorization", authorization),
    ];
    let request = Request { method: "GET", path: "/", query: "Action=ListUsers&Version=2010-05-08", headers: &headers };
    let claim = Authorization::parse(&request).unwrap();
    assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
    claim.verify(&request, &sha256_hex(b""), SECRET).unwrap();
}

struct Sent {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn signed(method: &'static str, url: &str, service: &str, extra: &[(&str, &str)], body: &[u8]) -> Self {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: SECRET.into(),
            session_token: Some("session".into()),
        };
        let time = Timestamp::parse_iso("2026-11-22T10:00:00Z").unwrap();
        let signing = Signing { credentials: &credentials, region: "us-east-1", service, time };
        let mut headers: Vec<(String, String)> =
            extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.extend(sign(signing, method, url, extra, Body::Bytes(body)).unwrap());
        let (_, rest) = url.split_once("://").unwrap();
        headers.push(("host".into(), rest.split('/').next().unwrap().to_owned()));
        Self { method, url: url.to_owned(), headers, body: body.to_vec() }
    }

    fn check(&self) -> Result<(), ApiError> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let (_, rest) = self.url.split_once("://").unwrap();
        let target = rest.find('/').map_or("/", |at| &rest[at..]);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request { method: self.method, path, query, headers: &headers };
        Authorization::parse(&request)?.verify(&request, &sha256_hex(&self.body), SECRET)
    }
}

#[test]
fn what_the_signer_signs_the_verifier_accepts() {
    let json = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.PutParameter")];
    Sent::signed("POST", "http://127.0.0.1:7700/", "ssm", &json, b"{}").check().unwrap();
    for url in [
        "http://h:1/v1/data-channel/root-0123?role=publish_subscribe&cell=a%20b",
        "http://h:1/v1/control-channel/mi-1?stream=input&role=subscribe&empty",
        "http://h:1/a%20b/c%3Ad/%E2%9C%93",
    ] {
        Sent::signed("GET", url, "ssmmessages", &[], b"").check().unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    for url in [
        "http://h:1/bucket/a%20b/c%3Ad%2Be%3Df/x",
        "http://h:1/bucket/aws:runShellScript/d+e=f/x",
        "http://h:1/bucket?list-type=2&prefix=a%2Fb",
    ] {
        Sent::signed("PUT", url, "s3", &[], b"body").check().unwrap_or_else(|error| panic!("{url}: {error}"));
    }
}

#[test]
fn claims_that_are_missing_or_half_there_are_worded_as_aws_does() {
    let parse = |headers: &[(&str, &str)]| {
        Authorization::parse(&Request { method: "POST", path: "/", query: "", headers }).unwrap_err()
    };
    assert_eq!(parse(&[]).code, "MissingAuthenticationTokenException");
    let error = parse(&[("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request")]);
    assert_eq!(error.code, "IncompleteSignatureException");
    let message = error.message.unwrap();
    assert!(message.contains("requires 'Signature'") && message.contains("'X-Amz-Date'"), "{message}");
    assert_eq!(parse(&[("authorization", "Basic Zm9v")]).code, "IncompleteSignatureException");
}

#[test]
fn the_clock_and_the_scope_are_checked() {
    let sent = Sent::signed("POST", "http://h/", "ssm", &[], b"{}");
    let headers: Vec<(&str, &str)> = sent.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let request = Request { method: "POST", path: "/", query: "", headers: &headers };
    let claim = Authorization::parse(&request).unwrap();
    let at = |text: &str| claim.check_scope("ssm", Timestamp::parse_iso(text).unwrap());
    at("2026-11-22T10:05:00Z").unwrap();
    at("2026-11-22T09:55:00Z").unwrap();
    assert_eq!(
        at("2026-11-22T10:05:01Z").unwrap_err().message.unwrap(),
        "Signature expired: 20261122T100000Z is now earlier than 20261122T100001Z (20261122T100501Z - 5 min.)"
    );
    assert_eq!(
        at("2026-11-22T09:54:59Z").unwrap_err().message.unwrap(),
        "Signature not yet current: 20261122T100000Z is still later than 20261122T095959Z (20261122T095459Z + 5 min.)"
    );
    let wrong = claim.check_scope("s3", claim.time).unwrap_err();
    assert!(wrong.message.unwrap().contains("correct service: 's3'"));
}

proptest! {
    /// Changing one byte of any signed header, the path, the query, the body or the signature breaks the signature.
    #[test]
    fn tampering_with_any_signed_part_is_noticed(part in 0usize..8, at in any::<prop::sample::Index>(), with in b'a'..=b'z') {
        let extra = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.PutParameter")];
        let url = "http://h:1/path/to?role=subscribe&stream=input";
        let mut sent = Sent::signed("POST", url, "ssm", &extra, br#"{"Name":"x"}"#);
        prop_assert!(sent.check().is_ok());
        let change = |bytes: &mut Vec<u8>| {
            let at = at.index(bytes.len());
            let changed = bytes[at] != with;
            bytes[at] = with;
            changed
        };
        let changed = match part {
            0 => change(&mut sent.body),
            1 => {
                let mut bytes = sent.url.clone().into_bytes();
                let (head, tail) = bytes.split_at_mut("http://h:1/".len());
                let mut tail = tail.to_vec();
                // The question mark and the separators are structure: what matters is that the text differs.
                let changed = change(&mut tail);
                bytes = [head.to_vec(), tail].concat();
                sent.url = String::from_utf8(bytes).unwrap();
                changed
            }
            2 => {
                let (_, authorization) = sent.headers.iter_mut().find(|(name, _)| name == "authorization").unwrap();
                let (head, signature) = authorization.split_once("Signature=").unwrap();
                let mut bytes = signature.as_bytes().to_vec();
                let changed = change(&mut bytes);
                *authorization = format!("{head}Signature={}", String::from_utf8(bytes).unwrap());
                changed
            }
            _ => {
                let signed: Vec<usize> = (0..sent.headers.len()).filter(|&i| sent.headers[i].0 != "authorization").collect();
                let (_, value) = &mut sent.headers[signed[part % signed.len()]];
                let mut bytes = value.clone().into_bytes();
                let changed = change(&mut bytes);
                *value = String::from_utf8(bytes).unwrap();
                changed
            }
        };
        prop_assert_eq!(sent.check().is_err(), changed);
    }
}
