//! The signature of a hybrid node's own identity: SigV4 up to the string to sign, then RSASSA-PSS instead of HMAC.
//!
//! Only `RequestManagedInstanceRoleToken` and `UpdateManagedInstancePublicKey` carry it. The algorithm name stays that
//! of HMAC, the access key id is the node's id, and `x-amz-content-sha256` is sent but not signed.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeySize, PrivateDecryptingKey},
    signature::{KeyPair, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    digest::sha256_hex,
    sigv4::{self, ALGORITHM, Authorization, Request},
};
use crate::ssm::{ApiError, Timestamp};

/// A key could not be made, read or used.
#[derive(Debug, thiserror::Error)]
#[error("the node's key cannot be used: {0}")]
pub struct KeyError(&'static str);

/// A node's RSA key of 2048 bits.
#[derive(Debug)]
pub struct NodeKey(RsaKeyPair);

impl NodeKey {
    /// Makes a new key.
    pub fn generate() -> Result<Self, KeyError> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(|_| KeyError("none could be made"))?;
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(|_| KeyError("none could be made"))?;
        Self::from_pkcs8(der.as_ref())
    }

    /// Reads a key from its PKCS#8 DER form.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        RsaKeyPair::from_pkcs8(der).map(Self).map_err(|_| KeyError("it is not an RSA key in PKCS#8 form"))
    }

    /// The key's PKCS#8 DER form, to be kept where nobody else reads.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, KeyError> {
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.0).map_err(|_| KeyError("it cannot be written"))?;
        Ok(der.as_ref().to_vec())
    }

    /// The public half as registration sends it: base64 of the DER SubjectPublicKeyInfo.
    pub fn public_key(&self) -> Result<String, KeyError> {
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(self.0.public_key())
            .map_err(|_| KeyError("its public half cannot be written"))?;
        Ok(BASE64_STANDARD.encode(der.as_ref()))
    }

    /// The headers to add to a request of `instance_id`: date, content hash and authorization. `headers` are those that
    /// the signature is to cover; `host` (with its port) must be among them.
    pub fn sign(
        &self,
        instance_id: &str,
        region: &str,
        time: Timestamp,
        request: Request<'_>,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, KeyError> {
        let amz_date = sigv4::amz_date(time);
        let mut headers: Vec<(&str, &str)> = request.headers.to_vec();
        headers.push(("x-amz-date", &amz_date));
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let claim = Authorization {
            access_key_id: instance_id,
            date: amz_date.get(..8).unwrap_or_default(),
            region,
            service: "ssm",
            signed_headers: names.clone(),
            signature: "",
            amz_date: &amz_date,
            time,
            session_token: None,
        };
        let hash = sha256_hex(body);
        let text = claim.string_to_sign(&Request { headers: &headers, ..request }, &hash);
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| KeyError("it did not sign"))?;
        let authorization = format!(
            "{ALGORITHM} Credential={instance_id}/{}/{region}/ssm/aws4_request, SignedHeaders={}, Signature={}",
            claim.date,
            names.join(";"),
            BASE64_STANDARD.encode(signature)
        );
        Ok(vec![
            ("x-amz-date".to_owned(), amz_date),
            ("x-amz-content-sha256".to_owned(), hash),
            ("authorization".to_owned(), authorization),
        ])
    }
}

/// Whether a text is a public key that [`verify`] can use.
pub fn is_public_key(base64: &str) -> bool {
    BASE64_STANDARD
        .decode(base64)
        .is_ok_and(|der| aws_lc_rs::signature::ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der).is_ok())
}

/// Whether the owner of `public_key` (base64 of its SubjectPublicKeyInfo) made the claim's signature.
///
/// Errors: `InvalidSignatureException`.
pub fn verify(
    claim: &Authorization<'_>,
    request: &Request<'_>,
    payload_hash: &str,
    public_key: &str,
) -> Result<(), ApiError> {
    let refused = |()| sigv4::does_not_match();
    let key = BASE64_STANDARD.decode(public_key).map_err(|_| refused(()))?;
    let signature = BASE64_STANDARD.decode(claim.signature).map_err(|_| refused(()))?;
    let text = claim.string_to_sign(request, payload_hash);
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(text.as_bytes(), &signature).map_err(|_| refused(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_signs_and_the_engine_believes_it() {
        let key = NodeKey::generate().unwrap();
        let key = NodeKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        let public = key.public_key().unwrap();
        assert_eq!(public.len(), 392);
        assert!(is_public_key(&public) && !is_public_key("Zm9v"));
        let body = br#"{"Fingerprint":"x"}"#;
        let signed = [
            ("content-length", "19"),
            ("content-type", "application/x-amz-json-1.1"),
            ("host", "127.0.0.1:7700"),
            ("x-amz-target", "AmazonSSM.RequestManagedInstanceRoleToken"),
        ];
        let request = Request { method: "POST", path: "/", query: "", headers: &signed };
        let time = Timestamp::from_millis(1_790_000_000_000);
        let added = key.sign("mi-0123456789abcdef0", "us-east-1", time, request, body).unwrap();
        let all: Vec<(&str, &str)> =
            signed.into_iter().chain(added.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
        let request = Request { headers: &all, ..request };
        let claim = Authorization::parse(&request).unwrap();
        assert_eq!(claim.signed_headers.join(";"), "content-length;content-type;host;x-amz-date;x-amz-target");
        assert_eq!(claim.signature.len(), 344);
        claim.check_scope("ssm", time).unwrap();
        verify(&claim, &request, &sha256_hex(body), &public).unwrap();
        assert!(verify(&claim, &request, &sha256_hex(b"{}"), &public).is_err());
        let other = NodeKey::generate().unwrap().public_key().unwrap();
        assert!(verify(&claim, &request, &sha256_hex(body), &other).is_err());
    }
}
