//! What a session document demands around the program: encryption, the user, and where the transcript goes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::Account;
use crate::{agent::plugin::input, ssm::document::parameters::text_of, wire::messages::SessionRequest};

/// The terms of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The KMS key that encrypts it.
    pub key: Option<String>,
    /// The user that it runs as, if that is not the agent's own.
    pub account: Option<Account>,
    /// Where its transcript goes.
    pub log: LogTerms,
}

/// Where a transcript goes. It is kept beside the transcript, so that an agent that was killed can still deliver it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTerms {
    /// The bucket; none if empty.
    pub bucket: String,
    /// What stands before the object's name.
    pub prefix: String,
    /// Whether the object has to be encrypted at rest.
    pub encrypt_object: bool,
    /// The log group; none if empty.
    pub group: String,
    /// Whether the log group has to have a KMS key.
    pub encrypt_group: bool,
    /// Whether the log group gets the output as it comes, as JSON; otherwise it gets its lines at the end.
    pub stream: bool,
    /// The ARN of who started the session.
    pub owner: String,
    /// The user that it runs as, in words.
    pub user: String,
}

impl LogTerms {
    /// Whether there is a transcript at all.
    pub fn is_wanted(&self) -> bool {
        !self.bucket.is_empty() || !self.group.is_empty()
    }

    /// The name of the object.
    pub fn object_key(&self, session_id: &str) -> String {
        match self.prefix.trim_matches('/') {
            "" => format!("{session_id}.log"),
            prefix => format!("{prefix}/{session_id}.log"),
        }
    }
}

impl Terms {
    /// Reads the inputs of a document. The error is a sentence for the user.
    pub fn read(request: &SessionRequest, inputs: &Value) -> Result<Self, String> {
        let text = |name: &str| input(inputs, name).map(text_of).unwrap_or_default().trim().to_owned();
        let flag = |name: &str| text(name).eq_ignore_ascii_case("true");
        let account = account(request, flag("runAsEnabled"), &text("runAsDefaultUser"))?;
        let user = account.as_ref().map(|account| account.name.clone()).unwrap_or_else(|| {
            let own = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
            own.map(|user| user.name).unwrap_or_default()
        });
        Ok(Self {
            key: Some(text("kmsKeyId")).filter(|key| !key.is_empty()),
            account,
            log: LogTerms {
                bucket: text("s3BucketName"),
                prefix: text("s3KeyPrefix"),
                encrypt_object: flag("s3EncryptionEnabled"),
                group: text("cloudWatchLogGroupName"),
                encrypt_group: flag("cloudWatchEncryptionEnabled"),
                stream: flag("cloudWatchStreamingEnabled"),
                owner: request.session_owner.clone(),
                user,
            },
        })
    }
}

/// A shell for one user must not become a shell of another: rather none at all.
fn account(request: &SessionRequest, enabled: bool, default: &str) -> Result<Option<Account>, String> {
    match (request.run_as_user.as_str(), enabled, default) {
        ("", false, _) => Ok(None),
        ("", true, "") => {
            Err("the session is to run as a user of the node, but none is named: set runAsDefaultUser in \
                               the session preferences"
                .to_owned())
        }
        ("", true, name) | (name, _, _) => Account::find(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn preferences_become_terms() {
        let request = SessionRequest { session_owner: "arn:aws:iam::1:root".into(), ..Default::default() };
        let inputs = json!({"s3BucketName": "logs", "s3KeyPrefix": "/a/b/", "cloudWatchStreamingEnabled": "true",
            "kmsKeyId": " alias/app ", "runAsEnabled": false, "runAsDefaultUser": "nobody-at-all"});
        let terms = Terms::read(&request, &inputs).unwrap();
        assert_eq!((terms.key.as_deref(), &terms.account), (Some("alias/app"), &None));
        assert!(terms.log.is_wanted() && terms.log.stream && !terms.log.encrypt_object);
        assert_eq!(terms.log.object_key("root-1"), "a/b/root-1.log");
        let none = Terms::read(&request, &Value::Null).unwrap();
        assert!(!none.log.is_wanted() && none.key.is_none());
        assert_eq!(none.log.object_key("root-1"), "root-1.log");
    }

    #[test]
    fn a_user_that_cannot_be_is_refused() {
        let request = SessionRequest::default();
        let refuse = |inputs: Value| Terms::read(&request, &inputs).unwrap_err();
        assert!(refuse(json!({"runAsEnabled": true, "runAsDefaultUser": "nobody-at-all"})).contains("nobody-at-all"));
        assert!(refuse(json!({"runAsEnabled": true})).contains("runAsDefaultUser"));
        let named = SessionRequest { run_as_user: "nobody-at-all".into(), ..Default::default() };
        assert!(Terms::read(&named, &Value::Null).unwrap_err().contains("nobody-at-all"));
    }
}
