//! Temporary credentials for the code of a device: `sts:AssumeRole` where a profile names a role, else `sts:GetSessionToken`.

use std::sync::Arc;

use super::{Client, Error, caller, transport::Call};
use crate::ssm::Sensitive;

/// What is asked for with a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithCode {
    /// `mfa_serial`: the device.
    pub serial: String,
    /// What it shows.
    pub code: Sensitive,
    /// The role to assume, if it is not the caller's own power that is wanted.
    pub role_arn: Option<String>,
    /// What the session of the role is called.
    pub session_name: Option<String>,
    /// `ExternalId`: what the owner of the role wants to hear.
    pub external_id: Option<String>,
    /// `DurationSeconds`: how long the session of the role lasts; an hour if it is not said.
    pub duration: Option<u32>,
}

impl WithCode {
    fn operation(&self) -> &'static str {
        if self.role_arn.is_some() { "AssumeRole" } else { "GetSessionToken" }
    }

    fn body(&self) -> String {
        let duration = self.duration.map(|seconds| seconds.to_string());
        let role = self.role_arn.iter().flat_map(|role| {
            let name = self.session_name.as_deref().unwrap_or("fleetdeck");
            let external_id = self.external_id.as_deref().map(|id| ("ExternalId", id));
            let duration = duration.as_deref().map(|seconds| ("DurationSeconds", seconds));
            [("RoleArn", role.as_str()), ("RoleSessionName", name)].into_iter().chain(external_id).chain(duration)
        });
        let pairs = [("Action", self.operation()), ("Version", "2011-06-15")].into_iter().chain(role);
        let pairs = pairs.chain([("SerialNumber", self.serial.as_str()), ("TokenCode", self.code.as_str())]);
        pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
    }
}

/// A value of a form: everything but letters, digits and `-._~` as `%XX`.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Client {
    /// Asks for credentials with a code, in the name of this caller. The client uses them from now on, for as long as they last:
    /// a code is good for one time, so whoever signs in with it too takes them from there, with [`Client::use_sign_in_of`].
    ///
    /// # Errors
    /// As for any call; `AccessDenied` for a code that is not right.
    pub async fn sign_in_with_code(&self, asked: &WithCode, client: &Client) -> Result<(), Error> {
        let call = Call::sts(&self.0.endpoint, asked.operation(), asked.body());
        let answer = self.0.transport.send(call).await?;
        let (credentials, expires) = caller::decode_credentials(answer.status, &answer.body)?;
        client.0.transport.adopt(Arc::new(credentials), expires).await;
        Ok(())
    }

    /// Whether whoever signs in to this one has signed in to the other as well: the same profile at the same place.
    pub fn signs_in_with(&self, other: &Client) -> bool {
        let by = |client: &Client| {
            let endpoint = (!client.is_aws()).then(|| client.endpoint().to_owned());
            (client.settings().sign_in.clone(), client.profile().map(str::to_owned), endpoint)
        };
        by(self) == by(other)
    }

    /// Uses from now on what another client was signed in to with a code, if that still lasts. `false` if it does not, or if it was
    /// never done.
    pub async fn use_sign_in_of(&self, other: &Client) -> bool {
        let Some((credentials, expires)) = other.0.transport.adopted().await else { return false };
        self.0.transport.adopt(credentials, expires).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_or_the_callers_own_session_is_asked_for() {
        let own = WithCode { serial: "arn:aws:iam::1:mfa/ann".into(), code: "123456".into(), ..WithCode::default() };
        assert_eq!(
            own.body(),
            "Action=GetSessionToken&Version=2011-06-15&SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fann&TokenCode=123456"
        );
        let (external_id, duration) = (Some("x/y".into()), Some(43_200));
        let own = WithCode { external_id, duration, ..own };
        assert!(!own.body().contains("Duration"), "that is the role's");
        let role = WithCode { role_arn: Some("arn:r".into()), session_name: Some("a b".into()), ..own };
        assert!(role.body().starts_with("Action=AssumeRole&"), "{}", role.body());
        assert!(role.body().contains("&RoleArn=arn%3Ar&RoleSessionName=a%20b&ExternalId=x%2Fy&DurationSeconds=43200&"));
        assert!(!format!("{role:?}").contains("123456"));
    }
}
